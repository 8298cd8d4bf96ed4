"""What an expression reads: the names, attributes and elements that its value comes from.

A path is what a name leads to: ``("self", "mean")`` is ``self.mean``, ``("kept", "['a']")`` is
``kept["a"]``, and ``[?]`` in it is some element.
"""

import ast
from collections.abc import Iterable, Iterator

from gradviz.recording.reading.parts import (
    SOME,
    Piece,
    name_of,
    part_at,
    parts_at,
    pieces,
    straightened,
)
from gradviz.recording.reading.picked_out import as_comprehension
from gradviz.recording.reading.targets import targets_in_turn

Path = tuple[str, ...]
Range = tuple[int, int, int, int]  # first line, first column, last line, last column

_SHAPE = frozenset(
    "shape dtype device ndim layout requires_grad training itemsize nbytes is_cuda __class__"
    " __name__".split()
)
_SIZES = frozenset(
    "size dim numel nelement element_size stride is_contiguous storage_offset".split()
)
_HOLD = frozenset(
    "dict SimpleNamespace Namespace list tuple deque array asarray concatenate".split()
)
_GIVE = frozenset("item tolist float int bool complex numpy float32 float64".split())
_MOVE = frozenset("copy reshape ravel flatten squeeze".split())
_NO_VALUE = frozenset("len isinstance issubclass type id hasattr callable print".split())
# Calls that take the sizes of their first argument alone
_LIKE = frozenset("zeros_like ones_like empty_like full_like rand_like randn_like".split())
_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.GeneratorExp, ast.DictComp)
_Comprehension = ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp


def range_of(node: ast.AST) -> Range:
    """Return where a node stands; nothing, for a file's own level."""
    if isinstance(node, ast.Module):
        return 0, 0, 1 << 30, 0
    return node.lineno, node.col_offset, node.end_lineno, node.end_col_offset  # type: ignore[attr-defined]


def is_inside(inner: Range | None, outer: Range) -> bool:
    """Say whether one range lies within another."""
    return inner is not None and outer[:2] <= inner[:2] and inner[2:] <= outer[2:]


def path_of(node: ast.AST) -> tuple[Path | None, list[ast.expr]]:
    """Return the path that an expression is, and the indices in it that are no constant strings.

    No path for any other.
    """
    parts: list[str] = []
    indices: list[ast.expr] = []
    inner: ast.AST = node
    while True:
        if isinstance(inner, ast.Name):
            return (inner.id, *reversed(parts)), indices
        if isinstance(inner, ast.Attribute):
            parts.append(inner.attr)
        elif isinstance(inner, ast.Subscript):
            if isinstance(inner.slice, ast.Constant) and isinstance(inner.slice.value, str):
                parts.append(f"[{inner.slice.value!r}]")
            else:
                parts.clear()  # some element: the whole is what can be told
                indices.append(inner.slice)
        elif isinstance(inner, ast.Call) and (name := _attribute_named(inner)):
            parts.append(name)
            inner = ast.Attribute(inner.args[0], name)  # ``getattr(m, "a")`` is ``m.a``
        elif isinstance(inner, ast.Call) and (key := looked_up(inner)) is not None:
            parts.append(f"[{key!r}]")
            inner = inner.func  # ``d.get("a")`` is ``d["a"]``
        else:
            return None, indices
        inner = inner.value  # type: ignore[attr-defined]


def _attribute_named(call: ast.Call) -> str:
    """Return the constant name that ``getattr`` is called with, with no default or a constant."""
    if not isinstance(call.func, ast.Name) or call.func.id != "getattr" or call.keywords:
        return ""
    names = [name.value for name in call.args[1:] if isinstance(name, ast.Constant)]
    name = names[0] if names and len(names) == len(call.args) - 1 else None
    return name if isinstance(name, str) else ""


def looked_up(call: ast.Call) -> str | None:
    """Return the constant key that ``get`` or ``pop`` is called with, and no default but one that
    is constant.
    """
    if not isinstance(call.func, ast.Attribute) or call.func.attr not in ("get", "pop"):
        return None
    keys = [key.value for key in call.args if isinstance(key, ast.Constant)]
    plain = keys and len(keys) == len(call.args) and not call.keywords
    return keys[0] if plain and isinstance(keys[0], str) else None


def element_of(node: ast.AST) -> tuple[Path | None, list[ast.expr]]:
    """Return the path that an expression reads: as ``path_of``, and a constant number or slice in
    it is a part as well, as is an attribute of some element.
    """
    way: Path = ()
    indices: list[ast.expr] = []
    inner = node
    while True:
        if isinstance(inner, ast.Subscript):
            parts = parts_at(inner.slice)
            if not parts and not way:
                break
            indices += [] if parts else [inner.slice]
            way = (*(parts or (SOME,)), *way)
        elif isinstance(inner, ast.Attribute) and path_of(inner)[1]:
            way = (inner.attr, *way)
        else:
            break
        inner = inner.value
    path, others = path_of(inner)
    if path is None or not way:
        return path_of(node)
    return (*path, *straightened((*[SOME] * len(others), *way))), [*indices, *others]


def read_in(value: ast.AST) -> Iterator[Range]:
    """Yield where the calls stand whose values a value holds as they are: its own, and those in a
    display.
    """
    for node in _held_in(value):
        if isinstance(node, ast.Call) and name_of(node) in (*_GIVE, *_HOLD):
            yield range_of(node)


def holds(value: ast.AST, source: ast.AST) -> bool:
    """Say whether a value holds what another expression gives, or elements of it, as they are."""
    return any(node is source for node in _held_in(value))


def _held_in(value: ast.AST) -> Iterator[ast.AST]:
    pending = [value]
    while pending:
        node = pending.pop()
        yield node
        if isinstance(node, (ast.Tuple, ast.List, ast.Set)):
            pending += node.elts
        elif isinstance(node, ast.Dict):
            pending += node.values
        elif isinstance(node, (ast.Starred, ast.keyword, ast.Subscript)):
            pending.append(node.value)
        elif isinstance(node, ast.IfExp):
            pending += (node.body, node.orelse)
        elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add) and _joins(node):
            pending += (node.left, node.right)
        elif isinstance(node, ast.Call) and name_of(node) in _HOLD:
            pending += (*node.args, *node.keywords)
        elif isinstance(node, ast.Call) and name_of(node) in _MOVE:
            pending += [node.func.value] if isinstance(node.func, ast.Attribute) else []
        elif isinstance(node, _COMPREHENSIONS):
            plain = all(path_of(result)[0] is not None for result in _results(node))
            pending += [part.iter for part in node.generators] if plain else _results(node)


def _joins(node: ast.BinOp) -> bool:
    sides = (node.left, node.right)
    return any(isinstance(side, (ast.Tuple, ast.List)) for side in sides)


def root_of(node: ast.AST) -> Path | None:
    """Return the path of what an expression leads into: ``b`` for ``b.numpy()[1:]``."""
    inner = node
    while True:
        path, _ = path_of(inner)
        if path is not None:
            return path
        if isinstance(inner, (ast.Attribute, ast.Subscript, ast.Starred)):
            inner = inner.value
        elif isinstance(inner, ast.Call) and isinstance(inner.func, ast.Attribute):
            inner = inner.func.value
        else:
            return None


def way_into(node: ast.AST) -> Path:
    """Return the way from the path that an expression leads into to the element that it is, or to
    an attribute of the element.
    """
    parts: list[str] = []
    while isinstance(node, (ast.Subscript, ast.Attribute)):
        if isinstance(node, ast.Attribute):
            parts.append(node.attr)
        else:
            parts.append(part_at(node.slice) or SOME)
        node = node.value
        path, indices = path_of(node)
        if path is not None and not indices:
            return tuple(reversed(parts))
    return (SOME,) if parts else ()


def reads(node: ast.AST) -> Iterator[Path]:
    """Yield the paths that an expression takes a value from; a shape or a type is none."""
    match node:
        case ast.Name() | ast.Attribute() | ast.Subscript():
            yield from _element_reads(node)
        case ast.Call():
            path, indices = path_of(node)
            mapped = as_comprehension(node)
            if mapped is not None:
                yield from _of_each(mapped)
            else:
                yield from _called(node) if path is None or indices else (path,)
        case ast.Lambda():
            yield from _without_own(node, [node.body])
        case ast.FunctionDef() | ast.AsyncFunctionDef():
            ends = (inner for inner in ast.walk(node) if isinstance(inner, (ast.Return, ast.Yield)))
            yield from _without_own(node, [end.value for end in ends if end.value is not None])
        case ast.IfExp():  # its test chooses, as that of a statement does
            yield from reads(node.body)
            yield from reads(node.orelse)
        case _ if isinstance(node, _COMPREHENSIONS):
            yield from _of_each(node)
        case _ if not isinstance(node, ast.ClassDef):
            for inner in ast.iter_child_nodes(node):
                yield from reads(inner) if inner is not _taken_times_zero(node) else ()


def _element_reads(node: ast.Name | ast.Attribute | ast.Subscript) -> Iterator[Path]:
    path, indices = element_of(node)
    if path is not None:
        if not _SHAPE.intersection(path[1:]):
            yield path
    elif isinstance(node, ast.Subscript):
        way = parts_at(node.slice)
        yield from reads_part(node.value, way or (SOME,))
        indices = [*indices, *([] if way else [node.slice])]
    elif isinstance(node, ast.Attribute) and node.attr not in (*_SHAPE, "size"):
        yield from reads(node.value)
    for index in dict.fromkeys(indices):
        yield from reads(index)


def _without_own(
    function: ast.Lambda | ast.FunctionDef | ast.AsyncFunctionDef, results: Iterable[ast.expr]
) -> Iterator[Path]:
    """Yield what the results of a function take in beside its own arguments."""
    own = {argument.arg for argument in arguments_of(function)}
    for result in results:
        yield from (path for path in reads(result) if path[0] not in own)


def reads_part(value: ast.AST, way: Path) -> Iterator[Path]:
    """Yield the paths that a part of an expression's value is taken from."""
    for piece in pieces(value, way):
        if piece.alone:
            continue
        path, indices = element_of(piece.node) if piece.way else (None, [])
        if path is None:
            yield from _reads_result(piece.node, piece.way)
            continue
        if not _SHAPE.intersection(path[1:]):
            yield without_some((*path, *piece.way))
        for other in dict.fromkeys(indices):
            yield from reads(other)


def parted(value: ast.AST) -> Iterator[tuple[ast.expr, list[Piece]]]:
    """Yield what an expression takes only a part of, and what gives that part: ``pair()`` of
    ``2 * pair()[1]``, ``rows()`` of ``sum(n for _, n in rows())``; of ``len(rows)`` and
    ``np.zeros_like(rows)`` it takes nothing.
    """
    pending = [value]
    while pending:
        node = pending.pop()
        taken = {source: given for source, given in _taken(node) if path_of(source)[0] is None}
        yield from taken.items()
        if isinstance(node, _COMPREHENSIONS):
            tests = [test for part in node.generators for test in (part.iter, *part.ifs)]
            pending += [part for part in (*tests, *_results(node)) if part not in taken]
        else:
            parts = ast.iter_child_nodes(_without_method(node))
            pending += [part for part in parts if part not in taken]


def _with_value(part: ast.comprehension) -> Iterator[str]:
    """Yield the names of a comprehension that stand for something of its source, and for more than
    its place.
    """
    for target in targets_in_turn(part.target, part.iter):
        if isinstance(target.node, ast.Name) and not isinstance(target.value, ast.Constant):
            yield target.node.id


def _without_method(node: ast.AST) -> ast.AST:
    """Return a call with the object of the method that it is of in place of that."""
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
        return node
    return ast.copy_location(ast.Call(node.func.value, node.args, node.keywords), node)


def _taken(node: ast.AST) -> Iterator[tuple[ast.expr, list[Piece]]]:
    if isinstance(node, ast.Subscript):
        way = parts_at(node.slice)
        if way:
            yield node.value, [*pieces(node.value, way)]
    elif isinstance(node, ast.Attribute) and node.attr in (*_SHAPE, "size"):
        yield node.value, []
    elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Call):
        if path_of(node.value.func)[0] is not None:  # of ``f().g().x``, all of ``f()`` may count
            yield node.value, [*pieces(node.value, (node.attr,))]
    elif isinstance(node, ast.Call):
        yield from ((argument, []) for argument in without_value(node))
    elif isinstance(node, ast.IfExp):
        yield node.test, []
    elif (dropped := _taken_times_zero(node)) is not None:
        yield dropped, []
    elif isinstance(node, _COMPREHENSIONS):
        yield from _taken_of_each(node)


def _taken_times_zero(node: ast.AST) -> ast.expr | None:
    """Return what ``x * 0`` and ``x ** 0`` have nothing of."""
    match node:
        case ast.BinOp(dropped, ast.Mult() | ast.Pow(), ast.Constant(0)) | ast.BinOp(
            ast.Constant(0), ast.Mult(), dropped
        ):
            return dropped
    return None


def _taken_of_each(node: _Comprehension) -> Iterator[tuple[ast.expr, list[Piece]]]:
    """Yield what a comprehension takes only a part of, or only the places of."""
    sources = [part.iter for part in node.generators[1:]]
    conditions = [test for part in node.generators for test in part.ifs]
    inner = (*_results(node), *conditions, *sources)
    read = [path for item in inner for path in reads(item)]
    named = {name.id for item in inner for name in ast.walk(item) if isinstance(name, ast.Name)}
    for part in node.generators:
        given = [
            piece
            for target in targets_in_turn(part.target, part.iter)
            for path in read
            if path[:1] == path_of(target.node)[0]
            for piece in pieces(target.value, (*target.way, *path[1:]))
        ]
        if given or named.isdisjoint(_with_value(part)):
            yield part.iter, given


def without_value(call: ast.Call) -> list[ast.expr]:
    """Return the arguments that a call takes nothing of, or the sizes alone."""
    if name_of(call) in _LIKE:
        return call.args[:1]
    return call.args if isinstance(call.func, ast.Name) and call.func.id in _NO_VALUE else []


def _results(node: _Comprehension) -> list[ast.expr]:
    return [node.key, node.value] if isinstance(node, ast.DictComp) else [node.elt]


def without_some(path: Path) -> Path:
    """Return a path without what says at its end that some element is meant."""
    end = len(path)
    while end > 1 and path[end - 1] == SOME:
        end -= 1
    return (path[0], *straightened(path[1:end]))


def _of_each(node: _Comprehension) -> Iterator[Path]:
    """Yield what a comprehension reads: ``rows[?]["n"]`` for ``r["n"] for r in rows``."""
    given = [
        {
            name: target
            for target in targets_in_turn(part.target, part.iter)
            for name in _names(target.node)
        }
        for part in node.generators
    ]
    pending = [(path, len(given)) for result in _results(node) for path in reads(result)]
    followed = set(pending)
    while pending:
        path, level = pending.pop()
        level = next((at for at in range(level - 1, -1, -1) if path[0] in given[at]), -1)
        if level < 0:
            yield path
            continue
        target = given[level][path[0]]
        inner = {(way, level) for way in reads_part(target.value, (*target.way, *path[1:]))}
        pending += inner - followed
        followed |= inner
    read = {path[0] for path, _ in followed}
    for part, names in zip(node.generators, given, strict=True):
        if read.isdisjoint(names) and isinstance(part.iter, ast.Call):
            yield from _how_many(part.iter)


def _names(target: ast.AST) -> list[str]:
    return [name.id for name in ast.walk(target) if isinstance(name, ast.Name)]


def _how_many(source: ast.Call) -> Iterator[Path]:
    """Yield what the length of something depends on that is gone through: of a list nothing."""
    for piece in pieces(source, (SOME, "[0]")):
        if isinstance(piece.node, ast.Call) and not piece.alone:
            yield from reads(piece.node)


def _called(call: ast.Call) -> Iterator[Path]:
    name = name_of(call)
    if isinstance(call.func, ast.Name):
        if name in _NO_VALUE:
            return
        yield (name,)
    elif isinstance(call.func, ast.Attribute):
        if name in _SIZES and not call.args:
            return
        path, indices = path_of(call.func)
        yield from reads(call.func.value) if path is None or indices else (path,)
        if name == "values" and not call.args:
            yield from reads_part(call, (SOME,))  # of a dict
    else:
        yield from reads(call.func)
    given = call.args[1:] if name in _LIKE else call.args
    for argument in (*given, *(keyword.value for keyword in call.keywords)):
        yield from reads(argument)


def _reads_result(node: ast.AST, way: Path) -> Iterator[Path]:
    """Yield what an expression reads; of a call what is under a constant key of its result, as
    ``meter.means()["loss"]`` has it, is a part of the function's path.
    """
    called = path_of(node.func)[0] if isinstance(node, ast.Call) and way else None
    keyed = called is not None and way[0].startswith("['")
    for path in reads(node):
        yield (*path, *way) if keyed and path == called else path


def arguments_of(function: ast.AST) -> list[ast.arg]:
    """Return the parameters of a function."""
    given = getattr(function, "args", None)
    if not isinstance(given, ast.arguments):
        return []
    extra = [argument for argument in (given.vararg, given.kwarg) if argument is not None]
    return [*given.posonlyargs, *given.args, *given.kwonlyargs, *extra]
