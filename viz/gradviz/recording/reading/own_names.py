"""What is a name's own in a file: the function that it belongs to, and what else may stand for the
same; and where an error lets another part of the file go on.
"""

import ast
from collections.abc import Iterator, Sequence

from gradviz.recording.reading.expressions import arguments_of
from gradviz.recording.reading.sources import Source

ADDS = frozenset("append extend appendleft add update insert setdefault".split())
"""The methods by which a container gets an element."""

_FRESH = frozenset("list dict set deque defaultdict Counter OrderedDict".split())
_LEAVES = frozenset(("KeyboardInterrupt", "SystemExit", "GeneratorExit"))
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_DISPLAYS = (ast.List, ast.Dict, ast.Set, ast.ListComp, ast.DictComp, ast.SetComp)


def is_own(source: Source, name: ast.Name, *, nested: bool = False) -> bool:
    """Say whether all that a name ever stands for was made for it: a constant, a container, and
    with ``nested`` one of such containers.
    """
    function = where_it_stands(source, name.id, function_of(source, name))
    given = () if not isinstance(function, _FUNCTIONS) else arguments_of(function)
    if function is None or any(argument.arg == name.id for argument in given):
        return False
    places = [
        node for node in ast.walk(function) if isinstance(node, ast.Name) and node.id == name.id
    ]
    return holds_its_own(source, places, nested=nested)


def holds_its_own(
    source: Source, places: Sequence[ast.Name | ast.Attribute], *, nested: bool
) -> bool:
    """Say whether some name only ever holds what was made for it.

    Args:
        source: The file.
        places: All where it stands.
        nested: It must hold a container into which only such are put.
    """
    stores = [node for node in places if isinstance(node.ctx, ast.Store)]
    own = bool(stores) and all(gets_its_own(source, node, nested=nested) for node in stores)
    return own and not (nested and any(_puts_another_in(source, node) for node in places))


def _puts_another_in(source: Source, node: ast.expr) -> bool:
    """Say whether a container is given an element there that may be known elsewhere."""
    parent = source.parents.get(id(node))
    holder = source.parents.get(id(parent))
    match parent, holder:
        case ast.Subscript(ctx=ast.Store()), ast.Assign(value=made) | ast.AnnAssign(value=made):
            return not is_fresh(made)
        case ast.Subscript(ctx=ast.Store()), _:
            return True
        case ast.Attribute(attr="setdefault"), ast.Call(args=[_, made]):
            return not is_fresh(made)
        case ast.Attribute(attr=name), ast.Call():
            return name in ADDS
    return False


def gets_its_own(source: Source, target: ast.expr, *, nested: bool = False) -> bool:
    """Say whether a target is given what is made there: a constant, a container, and with
    ``nested`` one of such containers.
    """
    holder = source.parents.get(id(target))
    match holder:
        case ast.AugAssign():
            return not nested
        case ast.Tuple():
            place, holder = holder.elts.index(target), source.parents.get(id(holder))
            value = holder.value if isinstance(holder, ast.Assign) else None
            fits = isinstance(value, ast.Tuple) and place < len(value.elts)
            made = value.elts[place] if fits else None  # type: ignore[union-attr]
        case ast.Assign(targets=[_]) | ast.AnnAssign():
            made = holder.value
        case _:
            return False
    return is_fresh(made) and not (nested and any(not is_fresh(part) for part in _elements(made)))


def _elements(value: ast.expr | None) -> Iterator[ast.expr | None]:
    """Yield what makes the elements of a new container; None for what is not known."""
    match value:
        case ast.Dict(values=values) | ast.List(elts=values) | ast.Set(elts=values):
            yield from values
        case ast.DictComp(value=made) | ast.ListComp(elt=made) | ast.SetComp(elt=made):
            yield made
        case ast.Call(args=[kind]) if _makes(kind) in _FRESH:
            return  # defaultdict(list)
        case ast.Call(args=[], keywords=[]):
            return
        case _:
            yield None


def is_only_filled(source: Source, node: ast.AST) -> bool:
    """Say whether a container is read only to put something in, or to fill an element, or to fill
    a container in it.
    """
    parent = source.parents.get(id(node))
    if isinstance(parent, ast.Subscript):
        stored = isinstance(parent.ctx, ast.Store) or is_only_filled(source, parent)
        return parent.value is node and stored
    call = source.parents.get(id(parent))
    if not (isinstance(parent, ast.Attribute) and isinstance(call, ast.Call)):
        return False
    if parent.attr not in {*ADDS, "clear"} or call.func is not parent:
        return False
    is_dropped = isinstance(source.parents.get(id(call)), ast.Expr)
    return is_dropped or (parent.attr == "setdefault" and is_only_filled(source, call))


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


def is_fresh(value: ast.AST | None) -> bool:
    """Say whether an expression makes something that nothing else has: a constant, a container."""
    if isinstance(value, ast.UnaryOp):
        return isinstance(value.operand, ast.Constant)
    if isinstance(value, ast.Call):
        return _makes(value.func) in _FRESH
    return isinstance(value, (ast.Constant, *_DISPLAYS))


def _makes(kind: ast.AST) -> str:
    """Return the name of a class, of ``collections`` or without a module."""
    match kind:
        case ast.Name(id=name) | ast.Attribute(value=ast.Name(id="collections"), attr=name):
            return name
    return ""
