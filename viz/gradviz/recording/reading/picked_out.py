"""A comprehension, and one result of it, written with the element that it is made of."""

import ast
import copy
from collections.abc import Container, Mapping

from gradviz.recording.reading.filled_in import filled_in, replaced

_RANK = frozenset("sorted min max heappop nlargest nsmallest".split())
_MAPS = frozenset("map imap imap_unordered".split())  # of pools and executors too
_OF_ITEMS, _OF_ATTRIBUTES = frozenset(("itemgetter",)), frozenset(("attrgetter",))


def names_of_items(part: ast.comprehension) -> tuple[str, str] | None:
    """Return the names of ``for k, v in rows.items()``; None for any other."""
    names = part.target.elts if isinstance(part.target, ast.Tuple) else []
    plain = [name.id for name in names if isinstance(name, ast.Name)]
    if len(plain) != 2 or len(names) != 2 or _owner_of_items(part.iter) is None:
        return None
    return plain[0], plain[1]


def _owner_of_items(call: ast.expr) -> ast.expr | None:
    if not isinstance(call, ast.Call) or call.args or call.keywords:
        return None
    called = call.func
    return called.value if isinstance(called, ast.Attribute) and called.attr == "items" else None


def goes_through_columns(part: ast.comprehension) -> bool:
    """Say whether it is ``for column in zip(*rows)``."""
    call = part.iter
    return (
        isinstance(call, ast.Call)
        and isinstance(call.func, ast.Name)
        and call.func.id == "zip"
        and len(call.args) == 1
        and isinstance(call.args[0], ast.Starred)
    )


def is_sample(call: ast.Call) -> bool:
    """Say whether a call is ``random.sample(rows, 8)``, which gives some of the rows."""
    plain = ast.unparse(call.func) == "random.sample"
    return plain and {word.arg for word in call.keywords} <= {"k"}


def as_comprehension(call: ast.Call) -> ast.GeneratorExp | None:
    """Return ``f(r) for r in rows`` for ``map(lambda r: f(r), rows)``."""
    if _called(call) != "map" or len(call.args) != 2 or not isinstance(call.args[0], ast.Lambda):
        return None
    given = call.args[0].args.args
    if len(given) != 1:
        return None
    return _for_each(call, given[0].arg, call.args[0].body)


def with_maps_spelled(value: ast.AST, names: Container[str]) -> ast.AST:
    """Return an expression with ``f(r) for r in rows`` for ``map(f, rows)``, where ``f`` is one of
    some names.
    """
    if not any(isinstance(node, ast.Call) and _is_map(node, names) for node in ast.walk(value)):
        return value
    spelled: ast.AST = _Maps(names).visit(copy.deepcopy(value))
    return spelled


def _is_map(call: ast.Call, names: Container[str]) -> bool:
    called = call.args[0] if len(call.args) == 2 and not call.keywords else None
    return _called(call) in _MAPS and isinstance(called, ast.Name) and called.id in names


class _Maps(ast.NodeTransformer):
    def __init__(self, names: Container[str]) -> None:
        self._names = names

    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        if not _is_map(node, self._names):
            return node
        row = ast.copy_location(ast.Name("row", ast.Load()), node)
        return _for_each(node, "row", ast.copy_location(ast.Call(node.args[0], [row], []), node))


def _for_each(call: ast.Call, name: str, result: ast.expr) -> ast.GeneratorExp:
    target = ast.copy_location(ast.Name(name, ast.Store()), call)
    part = ast.comprehension(target, call.args[1], [], 0)
    return ast.copy_location(ast.GeneratorExp(result, [part]), call)


def ranks(call: ast.Call, name: str, *, of_parts: bool) -> list[ast.GeneratorExp]:
    """Return what the elements of ``sorted(rows)`` or ``max(rows)`` are ranked by: which of them
    stands where, or comes out, depends on that.

    Args:
        call: The call.
        name: What is called.
        of_parts: A part of an element is meant: then they are pairs, ranked by what is first.
    """
    if name not in _RANK or (_key_of(call) is None and not of_parts):
        return []
    return [_ranked(call, call.args[-1] if name.startswith("n") else call.args[0])]


def order_of(call: ast.Call) -> ast.GeneratorExp | None:
    """Return what ``rows.sort(key=...)`` puts the elements in order by; None for any other call."""
    plain = {word.arg for word in call.keywords} <= {"key", "reverse"} and not call.args
    called = call.func
    if not plain or not isinstance(called, ast.Attribute) or called.attr != "sort":
        return None
    return None if _key_of(call) is None else _ranked(call, called.value)


def keys_alone(function: ast.AST) -> list[ast.Lambda]:
    """Return the functions within a function that only say by what it ranks elements."""
    calls = (node for node in ast.walk(function) if isinstance(node, ast.Call))
    keys = (_key_of(call) for call in calls if _called(call) in _RANK | {"sort"})
    return [key for key in keys if isinstance(key, ast.Lambda) and _is_of_one(key)]


def _called(call: ast.Call) -> str:
    called = call.func
    return called.id if isinstance(called, ast.Name) else getattr(called, "attr", "")


def _key_of(call: ast.Call) -> ast.expr | None:
    return next((word.value for word in call.keywords if word.arg == "key"), None)


def _is_of_one(key: ast.Lambda) -> bool:
    given = key.args
    others = (*given.posonlyargs, *given.kwonlyargs, given.vararg, given.kwarg)
    return len(given.args) == 1 and not given.defaults and not any(others)


def _ranked(call: ast.Call, rows: ast.expr) -> ast.GeneratorExp:
    row, element = "row", ast.copy_location(ast.Name("row", ast.Load()), call)
    key = _key_of(call)
    by: ast.expr = ast.Subscript(element, ast.Constant(0), ast.Load())
    if isinstance(key, ast.Lambda) and _is_of_one(key):
        row, by = key.args.args[0].arg, key.body
    elif isinstance(key, ast.Call) and key.args and (parts := _parts_by(key, element)):
        by = parts[0] if len(parts) == 1 else ast.Tuple(parts, ast.Load())
    elif key is not None:
        by = ast.Call(key, [element], [])
    target = ast.Name(row, ast.Store())
    whole = ast.GeneratorExp(by, [ast.comprehension(target, rows, [], 0)])
    return ast.fix_missing_locations(ast.copy_location(whole, call))


def _parts_by(key: ast.Call, element: ast.expr) -> list[ast.expr]:
    """Return what ``itemgetter("a", "b")`` takes of an element; nothing for any other key."""
    given = [item.value for item in key.args if isinstance(item, ast.Constant)]
    if len(given) < len(key.args) or key.keywords:
        return []
    if _called(key) in _OF_ITEMS:
        return [ast.Subscript(element, ast.Constant(item), ast.Load()) for item in given]
    if _called(key) in _OF_ATTRIBUTES and all(str(item).isidentifier() for item in given):
        return [ast.Attribute(element, str(item), ast.Load()) for item in given]
    return []


def under(whole: ast.DictComp, part: str) -> ast.expr:
    """Return what gives a dict its value under a key, as far as it is made with that key."""
    if not isinstance(whole.key, ast.Name) or not part.startswith("['"):
        return whole.value
    items = names_of_items(whole.generators[0])
    value = whole.value
    if items is not None and items[0] == whole.key.id:
        owner = _owner_of_items(whole.generators[0].iter)
        if owner is not None and not _binds(whole, items):
            index = ast.Constant(ast.literal_eval(part[1:-1]))
            value = replaced(value, {items[1]: ast.Subscript(owner, index, ast.Load())})
    return filled_in(value, ((whole.key.id, part),))


def at(whole: ast.ListComp | ast.GeneratorExp, part: str) -> ast.expr:
    """Return what gives an element of a list, made of that column of some rows where it is."""
    first = whole.generators[0]
    plain = len(whole.generators) == 1 and not first.ifs and goes_through_columns(first)
    if not plain or not isinstance(first.target, ast.Name) or not part[1:-1].isdecimal():
        return whole.elt
    if _binds(whole, (first.target.id,)):
        return whole.elt
    index = ast.Constant(int(part[1:-1]))
    names: Mapping[str, ast.expr] = {first.target.id: ast.Subscript(first.iter, index, ast.Load())}
    return replaced(whole.elt, names)


def _binds(whole: ast.ListComp | ast.GeneratorExp | ast.DictComp, names: tuple[str, ...]) -> bool:
    """Say whether anything in a comprehension but its first loop gives some names a value."""
    parts = list(ast.iter_child_nodes(whole))
    parts.remove(whole.generators[0])
    return any(
        (isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store) and node.id in names)
        or (isinstance(node, ast.arg) and node.arg in names)
        for part in (*parts, *whole.generators[0].ifs)
        for node in ast.walk(part)
    )
