"""Classes whose objects hold what they are called with, each argument under the name of a field:
named tuples, data classes, and classes whose ``__init__`` does just that.
"""

import ast
from collections import Counter
from collections.abc import Iterator, Mapping

from gradviz.recording.reading.expressions import arguments_of, path_of
from gradviz.recording.reading.parts import Piece, Way, name_of, pieces, place_in
from gradviz.recording.reading.taken import out_of
from gradviz.recording.reading.targets import targets

Fields = Mapping[str, tuple[str, ...]]
"""The fields of each class in order, by its name."""

_BY_HAND = frozenset("__init__ __new__ __post_init__".split())
_ELEMENTS = frozenset("__new__ __getitem__ __iter__ __setattr__ __getattr__".split())


def fields_in(tree: ast.AST) -> dict[str, tuple[str, ...]]:
    """Return the fields of the classes of this kind that a file defines."""
    fields: dict[str, tuple[str, ...]] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef):
            held = tuple(_annotated(node) if _is_record(node) else _stored(node))
            fields.update({node.name: held} if held else {})
        elif isinstance(node, ast.Assign) and isinstance(node.value, ast.Call):
            target, call = node.targets[0], node.value
            if isinstance(target, ast.Name) and name_of(call) in ("namedtuple", "NamedTuple"):
                fields[target.id] = tuple(_listed(call))
    return fields


def pieces_given(value: ast.AST, way: Way, fields: Fields) -> Iterator[Piece]:
    """Yield what ``pieces`` does, and of such an object what it was called with."""
    pending = [*pieces(value, way)][::-1]
    while pending:
        piece = pending.pop()
        inner = None if piece.alone else _inside(piece.node, piece.way, fields)
        if inner is None:
            yield piece
        else:
            pending += [*pieces(inner.node, inner.way)][::-1]
            pending += [] if piece.way else [Piece(piece.node, alone=True)]


def _inside(node: ast.AST, way: Way, fields: Fields) -> Piece | None:
    if not way:
        return _of_each(node, fields) or out_of(node)
    given = argument_of(node, fields, way[0])
    return _replaced(node, way) if given is None else Piece(given, way[1:])


def _of_each(node: ast.AST, fields: Fields) -> Piece | None:
    """Return ``(w for w in rows)`` for ``(Record(v, w).w for v, w in rows)``."""
    if not isinstance(node, ast.GeneratorExp) or not isinstance(node.elt, ast.Attribute):
        return None
    given = argument_of(node.elt.value, fields, node.elt.attr)
    if given is None:
        return None
    return Piece(ast.copy_location(ast.GeneratorExp(given, node.generators), given))


def argument_of(call: ast.AST, fields: Fields, part: str) -> ast.expr | None:
    """Return what a call of such a class gives a field; None where the source does not tell.

    ``part`` names the field: ``"loss"``, or ``"[0]"``.
    """
    if not isinstance(call, ast.Call):
        return None
    names = fields.get(name_of(call), ())
    place = place_in(part)
    if place is None:
        place = names.index(part) if part in names else None
    if place is None or not -len(names) <= place < len(names):
        return None
    if any(isinstance(item, ast.Starred) for item in call.args):
        return None
    given: dict[str, ast.expr] = dict(zip(names, call.args, strict=False))
    given.update((word.arg, word.value) for word in call.keywords if word.arg is not None)
    return given.get(names[place])


def _replaced(call: ast.AST, way: Way) -> Piece | None:
    """Return what gives a field of ``replace(record, loss=v)``, or of ``record._replace(loss=v)``.

    None for any other call.
    """
    if not isinstance(call, ast.Call) or not call.keywords or place_in(way[0]) is not None:
        return None
    owner = call.args[0] if len(call.args) == 1 and name_of(call) in ("replace", "evolve") else None
    if name_of(call) == "_replace" and isinstance(call.func, ast.Attribute) and not call.args:
        owner = call.func.value
    if owner is None or any(word.arg is None for word in call.keywords):
        return None
    values = {word.arg: word.value for word in call.keywords}
    return Piece(values[way[0]], way[1:]) if way[0] in values else Piece(owner, way)


def _is_record(node: ast.ClassDef) -> bool:
    """Say whether a class keeps what it is called with, and nothing else says how."""
    makers = [*node.bases, *node.decorator_list]
    names = {_last(maker.func if isinstance(maker, ast.Call) else maker) for maker in makers}
    methods = {part.name for part in node.body if isinstance(part, ast.FunctionDef)}
    return bool(names & {"NamedTuple", "dataclass"}) and not methods & _BY_HAND


def _stored(node: ast.ClassDef) -> Iterator[str]:
    """Yield the attributes that keep what a class is called with, in the order of its parameters;
    nothing for one that is kept otherwise, or that may change.
    """
    methods = {part.name: part for part in node.body if isinstance(part, ast.FunctionDef)}
    maker = methods.get("__init__")
    if maker is None or node.bases or node.decorator_list or _ELEMENTS & methods.keys():
        return
    own, *names = (argument.arg for argument in arguments_of(maker))
    written = Counter(
        part.attr
        for part in ast.walk(node)
        if isinstance(part, ast.Attribute) and not isinstance(part.ctx, ast.Load)
    )
    kept = {
        target.value.id: getattr(target.node, "attr", "")
        for statement in maker.body
        if isinstance(statement, ast.Assign)
        for target in targets(statement.targets[0], statement.value)
        if isinstance(target.value, ast.Name)
        and not target.way
        and path_of(target.node)[0] == (own, getattr(target.node, "attr", ""))
    }
    for name in names:
        attribute = kept.get(name, "")
        plain = written[attribute] == 1 and (attribute == name or attribute not in names)
        yield attribute if plain else ""


def _last(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")


def _annotated(node: ast.ClassDef) -> Iterator[str]:
    for part in node.body:
        if isinstance(part, ast.AnnAssign) and isinstance(part.target, ast.Name):
            yield part.target.id


def _listed(call: ast.Call) -> Iterator[str]:
    """Yield the names in ``namedtuple("Point", "x y")``, or in a list of names or of pairs."""
    listed = call.args[1] if len(call.args) > 1 else None
    if isinstance(listed, ast.Constant) and isinstance(listed.value, str):
        yield from listed.value.replace(",", " ").split()
    for item in listed.elts if isinstance(listed, (ast.List, ast.Tuple)) else ():
        name = item.elts[0] if isinstance(item, ast.Tuple) and item.elts else item
        yield str(getattr(name, "value", ""))
