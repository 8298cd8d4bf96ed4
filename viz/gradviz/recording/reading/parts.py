"""What gives a part of an expression's value: ``b`` for element 1 of ``(a, b)``.

The way to a part is the end of a path: ``("[?]", "[1]")`` is element 1 of some element.
"""

import ast
from collections.abc import Callable, Iterator
from typing import NamedTuple

from gradviz.recording.reading.filled_in import eval_part
from gradviz.recording.reading.picked_out import as_comprehension, at, is_sample, ranks, under

Way = tuple[str, ...]

SOME = "[?]"
ANY = "[::]"  # some stretch of a list, in any order
WITHIN = "[*]"
"""Some module within a module, itself among them."""

PAIRS = "="
"""Before a key: what ``dict(rows)`` has there, be it of a dict or of pairs."""

TAKE_OUT = frozenset("pop popleft popitem get get_nowait".split())
"""Methods that give an element."""

PAIRED = frozenset("zip enumerate items".split())
"""Calls whose elements are made of an element of each of several."""

_OF_NAMES = frozenset("dict SimpleNamespace Namespace".split())
# Calls that give the elements of their argument, each in its place
_IN_PLACE = frozenset("list tuple iter copy deepcopy array asarray tensor as_tensor".split())
_IN_PLACE_METHODS = frozenset("copy tolist numpy".split())
_IN_ORDER = frozenset("reversed sorted set frozenset".split())
_FIRST_OF = frozenset(("nlargest", "nsmallest"))  # the second argument is what they rank
_ONE_OF = frozenset("min max choice next heappop".split())
# Of several arguments each gives one element, whole and of another form
_OF_EACH = frozenset(
    "meshgrid ix_ broadcast_arrays broadcast_tensors atleast_1d atleast_2d atleast_3d".split()
)


class Piece(NamedTuple):
    """An expression that gives a part, and what is left of the way to it.

    Attributes:
        node: The expression.
        way: What is left of the way.
        alone: What stands in the expression is no piece: only its own value is, as far as it comes
            from elsewhere.
    """

    node: ast.AST
    way: Way = ()
    alone: bool = False


def name_of(call: ast.Call) -> str:
    """Return the last part of the name of what is called."""
    if isinstance(call.func, ast.Name):
        return call.func.id
    return call.func.attr if isinstance(call.func, ast.Attribute) else ""


def part_at(index: ast.expr) -> str:
    """Return an index that is a constant as a part of a way; nothing for others."""
    if isinstance(index, ast.Constant) and isinstance(index.value, str):
        return f"[{index.value!r}]"
    if isinstance(index, ast.Constant) and index.kind == WITHIN:
        return WITHIN  # as ``taken`` writes it
    if isinstance(index, ast.Slice):
        given = (index.lower, index.upper, index.step)
        ends = ["" if end is None else _number(end) for end in given]
        if None in ends:
            return ""
        return f"[{ends[0]}:{ends[1]}]" if index.step is None else ANY
    number = _number(index)
    return "" if number is None else f"[{number}]"


def parts_at(index: ast.expr) -> Way:
    """Return an index as the way to an element: ``[0][1]`` for ``table[0, 1]``, whose lines are
    lists; nothing where it is not constant.
    """
    if not isinstance(index, ast.Tuple):
        part = part_at(index)
        return (part,) if part else ()
    inner = tuple(SOME if isinstance(item, ast.Slice) else part_at(item) for item in index.elts)
    return inner if all(inner) else ()


def _number(index: ast.expr) -> int | None:
    sign = isinstance(index, ast.UnaryOp) and isinstance(index.op, ast.USub)
    number = index.operand if isinstance(index, ast.UnaryOp) and sign else index
    if not isinstance(number, ast.Constant) or type(number.value) is not int:
        return None
    return -number.value if sign else number.value


def place_in(part: str) -> int | None:
    """Return the number of the element that a part is; None for any other part."""
    inner = part[1:-1]
    return int(inner) if part.startswith("[") and inner.lstrip("-").isdecimal() else None


def is_stretch(part: str) -> bool:
    """Say whether a part is a slice of a list."""
    return part.startswith("[") and not part.startswith("['") and ":" in part


def may_be_same(first: str, second: str) -> bool:
    """Say whether two parts may be the same element: counted from the end, a place may be any."""
    places = place_in(first), place_in(second)
    if places[0] is not None and places[1] is not None and (places[0] < 0) != (places[1] < 0):
        return True
    for place, other in zip(places, (second, first), strict=True):
        start = other[1:-1].partition(":")[0] if is_stretch(other) else ""
        if place is not None and start.isdecimal() and 0 <= place < int(start):
            return False
    return first == second or is_open(first) or is_open(second)


def is_open(part: str) -> bool:
    """Say whether a part may be any of several elements."""
    return part in (SOME, WITHIN, PAIRS) or is_stretch(part) or is_some_of(part)


def is_element(part: str) -> bool:
    """Say whether a part is an element, or a method that takes one out."""
    return part.startswith("[") or part in TAKE_OUT


def is_some_of(part: str) -> bool:
    """Say whether a part is some element of a slice: ``[1;]`` is one of ``[1:]``."""
    return part.startswith("[") and not part.startswith("['") and ";" in part


def straightened(way: Way) -> Way:
    """Return a way without the slices that are gone into: ``[3]`` for ``[1:][2]``."""
    parts: list[str] = []
    for part in way:
        if parts and part.startswith("[") and is_stretch(parts[-1]):
            parts[-1] = _within(parts[-1], part)
        else:
            parts.append(part)
    return tuple(parts)


def _within(stretch: str, part: str) -> str:
    if stretch == ANY:
        return part if is_stretch(part) else SOME
    start, end = stretch[1:-1].split(":")
    place = place_in(part)
    if part == SOME:
        return stretch.replace(":", ";")
    if place is not None and place >= 0 and not start.startswith("-"):
        return f"[{int(start or 0) + place}]"
    if place is not None and place < 0 and (not end or end.startswith("-")):
        return f"[{int(end or 0) + place}]"
    return SOME


def pieces(value: ast.AST, way: Way) -> Iterator[Piece]:
    """Yield what gives a part of a value: several where the source does not tell which of them, or
    where a part of each is meant.
    """
    pending = [Piece(value, way)]
    while pending:
        piece = pending.pop()
        inner = _step(piece.node, piece.way) if piece.way and not piece.alone else None
        if inner is None:
            yield piece
        else:
            pending += reversed(inner)


def _step(value: ast.AST, way: Way) -> list[Piece] | None:
    """Return what gives a part; None where that cannot be told."""
    rule = _RULES.get(type(value))
    return None if rule is None else rule(value, way)


def of_pair(pair: ast.AST, way: Way) -> list[Piece]:
    """Return what a pair gives a dict under a key, the first part of a way; or under any."""
    key = way[0] if way else SOME
    if isinstance(pair, (ast.Tuple, ast.List)) and isinstance(pair.elts[0], ast.Constant):
        if not may_be_same(f"[{pair.elts[0].value!r}]", key):
            return []
    return [Piece(pair, ("[1]", *way[1:]))]


def _of_dict(value: ast.Dict, way: Way) -> list[Piece] | None:
    if way[0] == PAIRS:
        return [Piece(value, way[1:] or (SOME,))]
    part, rest = way[0], way[1:]
    if not part.startswith("["):
        return None
    if part == SOME:
        return [
            Piece(item, rest if key is not None else way)
            for key, item in zip(value.keys, value.values, strict=True)
        ]
    inner: list[Piece] = []
    for key, item in zip(reversed(value.keys), reversed(value.values), strict=True):
        if key is None:
            inner.append(Piece(item, way))
        elif not isinstance(key, ast.Constant):
            return None
        elif f"[{key.value!r}]" == part:
            return [*inner, Piece(item, rest)]
    return inner


def _of_display(value: ast.Tuple | ast.List | ast.Set, way: Way) -> list[Piece] | None:
    part, rest = way[0], way[1:]
    items = value.elts
    if part == PAIRS:
        return [piece for item in items for piece in of_pair(item, rest)]
    starred = [index for index, item in enumerate(items) if isinstance(item, ast.Starred)]
    if part in (SOME, ANY):
        return [
            Piece(item.value, way) if isinstance(item, ast.Starred) else Piece(item, rest)
            for item in items
        ]
    place = place_in(part)
    if place is not None:
        plain = (starred[0] if place >= 0 else len(items) - 1 - starred[-1]) if starred else None
        if plain is not None and not -plain <= place < plain:
            return None
        return [Piece(items[place], rest)] if -len(items) <= place < len(items) else []
    if is_stretch(part) or is_some_of(part):
        if starred:
            return None
        ends = part[1:-1].replace(";", ":").split(":")
        start, end = (int(number) if number else None for number in ends)
        return [Piece(item, rest) for item in items[start:end]]
    return [] if part.startswith("[") else None


def _of_sum(value: ast.BinOp, way: Way) -> list[Piece] | None:
    """Return what a part of ``rows + [last]`` is made of; None where that is not clear."""
    if not isinstance(value.op, ast.Add):
        return None
    sides = (value.left, value.right)
    if not any(isinstance(side, (ast.Tuple, ast.List, ast.ListComp)) for side in sides):
        return None
    if way[0] == SOME:
        return [Piece(side, way) for side in sides]
    place = place_in(way[0])
    side = value.left if place is None or place >= 0 else value.right
    if place is None or not isinstance(side, (ast.Tuple, ast.List)):
        return None
    if any(isinstance(item, ast.Starred) for item in side.elts):
        return None
    length = len(side.elts)
    if -length <= place < length:
        return [Piece(side, way)]
    other, shift = (value.right, -length) if place >= 0 else (value.left, length)
    return [Piece(other, (f"[{place + shift}]", *way[1:]))]


def _of_subscript(value: ast.Subscript, way: Way) -> list[Piece] | None:
    parts = parts_at(value.slice)
    return [Piece(value.value, straightened((*parts, *way)))] if parts else None


def _of_choice(value: ast.IfExp, way: Way) -> list[Piece]:
    return [Piece(value.body, way), Piece(value.orelse, way)]


def _of_either(value: ast.BoolOp, way: Way) -> list[Piece]:
    return [Piece(item, way) for item in value.values]


def _of_named(value: ast.NamedExpr, way: Way) -> list[Piece]:
    return [Piece(value.value, way)]


def _of_comprehension(value: ast.ListComp | ast.GeneratorExp, way: Way) -> list[Piece] | None:
    if way[0] == PAIRS:
        return _each_result(value.elt, value.generators, ("[1]", *way[2:]))
    if place_in(way[0]) is None and not is_open(way[0]):
        return None
    return _each_result(at(value, way[0]), value.generators, way[1:])


def _of_dict_comprehension(value: ast.DictComp, way: Way) -> list[Piece] | None:
    if way[0] == PAIRS:
        return [Piece(value, way[1:] or (SOME,))]
    if way[0][0] != "[":
        return None
    return _each_result(under(value, way[0]), value.generators, way[1:])


def _each_result(
    result: ast.expr, generators: list[ast.comprehension], way: Way
) -> list[Piece] | None:
    """Return a comprehension that gives only a part of each of its results."""
    inner: list[Piece] = []
    for piece in pieces(result, way):
        part = taken(piece.node, piece.way)
        if part is None:
            return None
        if piece.alone:
            inner.append(piece)
        else:
            only = ast.GeneratorExp(part, generators)
            inner.append(Piece(ast.copy_location(only, piece.node)))
    return [*inner, *(Piece(part.iter, alone=True) for part in generators)]


def taken(node: ast.AST, way: Way) -> ast.expr | None:
    """Return an expression that takes a part of another's value."""
    if not isinstance(node, ast.expr):
        return None
    for part in way:
        if part == PAIRS:
            return None
        if not part.startswith("["):
            inner: ast.expr = ast.Attribute(node, part, ast.Load())
        elif is_stretch(part) or is_some_of(part):
            return None
        else:
            index = ast.Constant(... if part in (SOME, WITHIN) else eval_part(part))
            index.kind = part if part == WITHIN else None
            inner = ast.Subscript(node, ast.copy_location(index, node), ast.Load())
        node = ast.copy_location(inner, node)
    return node


def _of_call(call: ast.Call, way: Way) -> list[Piece] | None:
    name = name_of(call)
    if any(isinstance(item, ast.Starred) for item in call.args) and name != "zip":
        return None
    if name in _OF_NAMES and not call.args and all(word.arg for word in call.keywords):
        return _of_names(call, way)
    if name == "dict" and len(call.args) == 1 and not call.keywords:
        given = way if way[0] == PAIRS else (PAIRS, *way)
        return [Piece(call.args[0], given)] if way[0][0] in "[=" else None
    if way[0] == PAIRS:
        keyed = _of_zipped_keys(call, way) if name == "zip" and way[1:] else None
        pairs = [Piece(call, (SOME, "[1]", *way[2:]))] if name in ("zip", "enumerate") else None
        return pairs if keyed is None else keyed
    if not way[0].startswith("["):
        return None
    if isinstance(call.func, ast.Attribute) and not call.args:
        return _of_method(call, call.func.value, name, way)
    return _of_arguments(call, name, way) if call.args else None


def _of_zipped_keys(call: ast.Call, way: Way) -> list[Piece] | None:
    """Return what ``dict(zip(keys, values))`` has under a key; None where the keys are not
    constant.
    """
    keys = call.args[0] if len(call.args) == 2 else None
    if is_open(way[1]) or not isinstance(keys, (ast.Tuple, ast.List)):
        return None
    if not all(isinstance(key, ast.Constant) for key in keys.elts):
        return None
    places = [place for place, key in enumerate(keys.elts) if part_at(key) == way[1]]
    return [Piece(call.args[1], (f"[{place}]", *way[2:])) for place in places[-1:]]


def _of_names(call: ast.Call, way: Way) -> list[Piece]:
    words = {word.arg: word.value for word in call.keywords}
    if way[0] == SOME:
        return [Piece(word, way[1:]) for word in words.values()]
    part = words.get(way[0][2:-2] if way[0].startswith("['") else way[0])
    return [] if part is None else [Piece(part, way[1:])]


def _of_arguments(call: ast.Call, name: str, way: Way) -> list[Piece] | None:
    first, rest = call.args[0], way[1:]
    if name == "zip":
        return _of_zip(call.args, way)
    if name == "enumerate":
        return _second(first, way)
    if name in _OF_EACH:
        return _of_each(call.args, place_in(way[0]))
    if name == "array" and len(call.args) == 2 and isinstance(first, ast.Constant):
        return [Piece(call, alone=True), Piece(call.args[1], way)]  # the first is the type
    if len(call.args) == 1 and (name in _IN_PLACE or (name == "stack" and not call.keywords)):
        return [Piece(call, way, alone=True), Piece(first, way)]
    is_one = name in _ONE_OF and len(call.args) == 1
    is_first = name in _FIRST_OF and len(call.args) == 2
    if is_one or is_first or name in _IN_ORDER or is_sample(call):
        left, rows = way if is_one else rest, call.args[is_first]
        ranked = (Piece(rank, (SOME,)) for rank in ranks(call, name, of_parts=bool(left)))
        return [Piece(call, alone=True), Piece(rows, (SOME, *left)), *ranked]
    if name == "map" and len(call.args) == 2 and isinstance(call.args[0], ast.Lambda):
        return _step(as_comprehension(call) or call, way)
    if name == "filter" and len(call.args) == 2:
        return [Piece(call.args[1], (SOME, *rest))]
    return None


def _of_each(arguments: list[ast.expr], place: int | None) -> list[Piece] | None:
    some = arguments if place is None else arguments[place:][:1]
    return [Piece(argument) for argument in some] if len(arguments) > 1 else None


def _of_method(call: ast.Call, owner: ast.expr, name: str, way: Way) -> list[Piece] | None:
    rest = way[1:]
    if name == "items":
        return _second(owner, (SOME, *rest))
    if name == "values":
        return [Piece(owner, (SOME, *rest))]
    if name == "keys":
        return []
    if name in ("modules", "children"):
        return [Piece(owner, (WITHIN if name == "modules" else SOME, *rest))]
    if name in ("named_modules", "named_children"):
        return _second(owner, (WITHIN if name == "named_modules" else SOME, *rest))
    if name in _IN_PLACE_METHODS:
        return [Piece(call, way, alone=True), Piece(owner, way)]
    if name in TAKE_OUT:
        return [Piece(owner, (SOME, *way))]
    return None


def _second(source: ast.expr, way: Way) -> list[Piece] | None:
    """Return what element 1 of each pair is: what the source holds, beside its key or place."""
    if way[1:] and place_in(way[1]) in (0, -2):
        return []
    return [Piece(source, (way[0], *way[2:]))]


def _of_zip(sources: list[ast.expr], way: Way) -> list[Piece] | None:
    place, part, rest = way[0], way[1] if way[1:] else SOME, way[2:]
    if len(sources) == 1 and isinstance(sources[0], ast.Starred):
        return [Piece(sources[0].value, (part, place, *rest))]
    pair = ast.copy_location(ast.Tuple(sources, ast.Load()), sources[0])
    inner = _of_display(pair, (part, place, *rest))
    return inner if part == SOME or place_in(part) is not None else None


_RULES: dict[type[ast.AST], Callable[..., list[Piece] | None]] = {
    ast.Dict: _of_dict,
    ast.Tuple: _of_display,
    ast.List: _of_display,
    ast.Set: _of_display,
    ast.BinOp: _of_sum,
    ast.Subscript: _of_subscript,
    ast.IfExp: _of_choice,
    ast.BoolOp: _of_either,
    ast.NamedExpr: _of_named,
    ast.ListComp: _of_comprehension,
    ast.GeneratorExp: _of_comprehension,
    ast.DictComp: _of_dict_comprehension,
    ast.Call: _of_call,
}
