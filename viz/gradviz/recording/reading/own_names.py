"""What is a name's own in a file: the function that it belongs to, and what else may stand for the
same; and where an error lets another part of the file go on.
"""

import ast

from gradviz.recording.reading.expressions import arguments_of
from gradviz.recording.reading.sources import Source

ADDS = frozenset("append extend appendleft add update insert setdefault".split())
"""The methods by which a container gets an element."""

_FRESH = frozenset("list dict set deque defaultdict Counter OrderedDict".split())
_LEAVES = frozenset(("KeyboardInterrupt", "SystemExit", "GeneratorExit"))
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_DISPLAYS = (ast.List, ast.Dict, ast.Set, ast.ListComp, ast.DictComp, ast.SetComp)


def is_own(source: Source, name: ast.Name) -> bool:
    """Say whether all that a name ever stands for was made for it: a constant, a container."""
    function = where_it_stands(source, name.id, function_of(source, name))
    given = () if not isinstance(function, _FUNCTIONS) else arguments_of(function)
    if function is None or any(argument.arg == name.id for argument in given):
        return False
    stores = [
        node
        for node in ast.walk(function)
        if isinstance(node, ast.Name) and node.id == name.id and isinstance(node.ctx, ast.Store)
    ]
    return bool(stores) and all(_gets_its_own(source, node) for node in stores)


def _gets_its_own(source: Source, name: ast.Name) -> bool:
    holder = source.parents.get(id(name))
    if isinstance(holder, ast.AugAssign):
        return True
    if isinstance(holder, ast.Tuple):
        place, holder = holder.elts.index(name), source.parents.get(id(holder))
        value = holder.value if isinstance(holder, ast.Assign) else None
        fits = isinstance(value, ast.Tuple) and place < len(value.elts)
        return fits and _is_fresh(value.elts[place])  # type: ignore[union-attr]
    if isinstance(holder, ast.Assign):
        return len(holder.targets) == 1 and _is_fresh(holder.value)
    return isinstance(holder, ast.AnnAssign) and _is_fresh(holder.value)


def is_only_filled(source: Source, name: ast.Name) -> bool:
    """Say whether a container is read only to put something in, or to fill an element."""
    parent = source.parents.get(id(name))
    if isinstance(parent, ast.Subscript):
        return parent.value is name and isinstance(parent.ctx, ast.Store)
    call = source.parents.get(id(parent))
    return (
        isinstance(parent, ast.Attribute)
        and parent.attr in {*ADDS, "clear"}
        and isinstance(call, ast.Call)
        and isinstance(source.parents.get(id(call)), ast.Expr)
    )


def where_it_stands(source: Source, name: str, function: ast.AST | None) -> ast.AST | None:
    """Return all in which a name may stand for the same; None where that is not known."""
    shared = [node for node in source.shared if name in node.names]
    if any(isinstance(node, ast.Global) for node in shared):
        return None  # another file may read it
    return source.tree if shared else function


def function_of(source: Source, name: ast.Name) -> ast.AST | None:
    """Return the function whose own a name is, if it is one of those around its place."""
    function = function_around(source, name)
    while isinstance(function, _FUNCTIONS):
        given = any(argument.arg == name.id for argument in arguments_of(function))
        if given or name.id in _stored_in(function):
            return function
        outer = function_around(source, source.parents[id(function)])
        if isinstance(outer, ast.Module):
            return None  # another file may read it
        function = outer
    return function


def function_around(source: Source, node: ast.AST) -> ast.AST | None:
    """Return the function, or the file, in whose own level a node stands; None in a class."""
    while not isinstance(node, (*_FUNCTIONS, ast.Module)):
        if isinstance(node, (ast.ClassDef, ast.Lambda)):
            return None
        node = source.parents[id(node)]
    return node


def ends_with_errors(source: Source, node: ast.AST) -> bool:
    """Say whether nothing goes on in another way where a node raises an error."""
    inner: ast.AST | None = node
    while inner is not None and not isinstance(inner, (*_FUNCTIONS, ast.Module)):
        outer = source.parents.get(id(inner))
        if isinstance(outer, (ast.Try, ast.TryStar, ast.With)) and _goes_on(outer, inner):
            return False
        inner = outer
    return True


def _goes_on(block: ast.AST, part: ast.AST) -> bool:
    """Say whether a block may go on after an error in a part of it."""
    if isinstance(block, ast.With):
        return any("suppress" in ast.unparse(item.context_expr) for item in block.items)
    assert isinstance(block, (ast.Try, ast.TryStar))
    return part in block.body and any(
        handler.type is None or ast.unparse(handler.type) not in _LEAVES
        for handler in block.handlers
    )


def _stored_in(function: ast.AST) -> set[str]:
    return {
        node.id
        for node in ast.walk(function)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
    }


def _is_fresh(value: ast.AST | None) -> bool:
    """Say whether an expression makes something that nothing else has: a constant, a container."""
    if isinstance(value, ast.UnaryOp):
        return isinstance(value.operand, ast.Constant)
    if isinstance(value, ast.Call):
        return isinstance(value.func, ast.Name) and value.func.id in _FRESH
    return isinstance(value, (ast.Constant, *_DISPLAYS))
