"""Whether a key is only looked up: in a container that Python made, and that is never gone through.

An object of any other class is handed the key, and may do with it what it likes.
"""

import ast
from collections.abc import Iterator

from gradviz.recording.reading.sources import Source

_MADE_BY = frozenset("list dict set frozenset deque defaultdict OrderedDict Counter".split())
_DISPLAYS = (ast.List, ast.Dict, ast.Set, ast.ListComp, ast.DictComp, ast.SetComp)
_BY_KEY = frozenset("get pop add discard remove setdefault index count".split())
_OTHERS = frozenset(("clear", "values"))  # which show no key


def is_builtin(source: Source, name: str) -> bool:
    """Say whether a name stands for what Python has by it, all over a file."""
    stored = (held for held in source.names if not isinstance(held.ctx, ast.Load))
    return not _is_given(source, name) and all(held.id != name for held in stored)


def looks_up(source: Source, node: ast.AST, parent: ast.AST, *, anywhere: bool = False) -> bool:
    """Say whether an expression uses one that it is made of as a key alone.

    Args:
        source: The file.
        node: What is the key.
        parent: The expression.
        anywhere: Whatever may be a container counts as one.
    """
    match parent:
        case ast.Call(func=ast.Attribute(value=holder, attr=name)):
            by_key = name in _BY_KEY and parent.args[:1] == [node]
            return by_key and (anywhere or _is_only_asked(source, holder))
        case ast.Subscript():
            return node is parent.slice and (anywhere or _is_only_asked(source, parent.value))
        case ast.Compare():
            return anywhere or all(
                item is node or not isinstance(by, (ast.In, ast.NotIn)) or is_made(source, item)
                for by, item in zip(parent.ops, parent.comparators, strict=True)
            )
        case ast.Dict() | ast.DictComp():
            keys = parent.keys if isinstance(parent, ast.Dict) else [parent.key]
            return node in keys and (anywhere or _is_kept_to_ask(source, parent))
    return False


def _is_kept_to_ask(source: Source, made: ast.AST) -> bool:
    """Say whether a dictionary gets a name, and is asked by its keys under that alone."""
    statement = source.parents.get(id(made))
    if not isinstance(statement, ast.Assign) or len(statement.targets) != 1:
        return False
    return _is_only_asked(source, statement.targets[0])


def is_made(source: Source, holder: ast.AST) -> bool:
    """Say whether all that an expression may stand for in its file is a container of Python's."""
    if isinstance(holder, (*_DISPLAYS, ast.Tuple, ast.Constant)):
        return True
    if isinstance(holder, ast.Name) and _is_given(source, holder.id):
        return False
    values = [
        _assigned_to(source, node)
        for node in _of_that_name(source, holder)
        if isinstance(node.ctx, ast.Store)
    ]
    return bool(values) and all(_is_container(source, value) for value in values)


def _is_given(source: Source, name: str) -> bool:
    """Say whether a name is one of an argument, a function, a class or an import."""
    return name in source.callables or any(
        (isinstance(node, ast.arg) and node.arg == name)
        or (isinstance(node, ast.ClassDef) and node.name == name)
        or (isinstance(node, (ast.Import, ast.ImportFrom)) and name in _imported(node))
        for node in ast.walk(source.tree)
    )


def _is_only_asked(source: Source, holder: ast.AST) -> bool:
    """Say whether a container of Python's is nowhere in its file gone through, or handed on."""
    return is_made(source, holder) and all(
        isinstance(node.ctx, ast.Store) or _asks(source, node)
        for node in _of_that_name(source, holder)
    )


def _asks(source: Source, node: ast.AST) -> bool:
    """Say whether what stands around a container asks it by a key, or for its length."""
    parent = source.parents.get(id(node))
    match parent:
        case ast.Subscript():
            return parent.value is node
        case ast.Compare():
            by = zip(parent.ops, parent.comparators, strict=True)
            return any(item is node and isinstance(op, (ast.In, ast.NotIn)) for op, item in by)
        case ast.Call(func=ast.Name(id="len")):
            return True
        case ast.Attribute():
            call = source.parents.get(id(parent))
            called = isinstance(call, ast.Call) and call.func is parent
            keyed = parent.attr in _BY_KEY and called and bool(call.args)  # type: ignore[union-attr]
            return keyed or (called and parent.attr in _OTHERS)
    return False


def _of_that_name(source: Source, holder: ast.AST) -> Iterator[ast.Name | ast.Attribute]:
    """Yield all in a file that may stand for what a name, or an attribute, stands for."""
    for node in ast.walk(source.tree):
        if isinstance(holder, ast.Name) and isinstance(node, ast.Name) and node.id == holder.id:
            yield node
        if isinstance(holder, ast.Attribute) and isinstance(node, ast.Attribute):
            if node.attr == holder.attr:
                yield node


def _assigned_to(source: Source, node: ast.AST) -> ast.AST | None:
    """Return what an assignment gives a name or an attribute; None where that is not known."""
    match source.parents.get(id(node)):
        case ast.AnnAssign(value=value):
            return value
        case ast.Assign(value=value):
            return value
        case ast.Tuple(elts=targets) as several:
            match source.parents.get(id(several)):
                case ast.Assign(value=ast.Tuple(elts=values)) if len(values) == len(targets):
                    return values[targets.index(node)]  # type: ignore[arg-type]
    return None


def _is_container(source: Source, value: ast.AST | None) -> bool:
    if isinstance(value, ast.Call) and isinstance(value.func, ast.Name):
        return value.func.id in _MADE_BY and _is_of_python(source, value.func.id)
    return isinstance(value, _DISPLAYS)


def _is_of_python(source: Source, name: str) -> bool:
    """Say whether a name is a class of Python's, or of its collections."""
    of_collections = any(
        isinstance(node, ast.ImportFrom)
        and node.module == "collections"
        and name in _imported(node)
        for node in source.tree.body
    )
    return of_collections or is_builtin(source, name)


def _imported(node: ast.Import | ast.ImportFrom) -> list[str]:
    return [alias.asname or alias.name for alias in node.names]
