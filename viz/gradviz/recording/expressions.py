"""What an expression reads: the names, attributes and elements that its value comes from.

A path is what a name leads to: ``("self", "mean")`` is ``self.mean``, ``("kept", "['a']")`` is
``kept["a"]``, and ``[?]`` in it is some element.
"""

import ast
from collections.abc import Iterator

Path = tuple[str, ...]
Range = tuple[int, int, int, int]  # first line, first column, last line, last column

_SHAPE = frozenset(
    "shape dtype device ndim layout requires_grad training itemsize nbytes is_cuda __class__"
    " __name__".split()
)
_SIZES = frozenset(
    "size dim numel nelement element_size stride is_contiguous storage_offset".split()
)
_OF_NAMES = frozenset("dict SimpleNamespace Namespace".split())
_HOLD = frozenset("list tuple array asarray".split())
_NO_VALUE = frozenset("len isinstance issubclass type id hasattr callable print".split())


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
    here: ast.AST = node
    while True:
        if isinstance(here, ast.Name):
            return (here.id, *reversed(parts)), indices
        if isinstance(here, ast.Attribute):
            parts.append(here.attr)
        elif isinstance(here, ast.Subscript):
            if isinstance(here.slice, ast.Constant) and isinstance(here.slice.value, str):
                parts.append(f"[{here.slice.value!r}]")
            else:
                parts.clear()  # some element: the whole is what can be told
                indices.append(here.slice)
        elif isinstance(here, ast.Call) and (key := _looked_up(here)) is not None:
            parts.append(f"[{key!r}]")
            here = here.func  # ``d.get("a")`` is ``d["a"]``
        else:
            return None, indices
        here = here.value  # type: ignore[attr-defined]


def _looked_up(call: ast.Call) -> str | None:
    """Return the constant key that ``get`` or ``pop`` is called with, and no default but one that
    is constant.
    """
    if not isinstance(call.func, ast.Attribute) or call.func.attr not in ("get", "pop"):
        return None
    keys = [key.value for key in call.args if isinstance(key, ast.Constant)]
    plain = keys and len(keys) == len(call.args) and not call.keywords
    return keys[0] if plain and isinstance(keys[0], str) else None


def _element_of(node: ast.AST) -> tuple[Path | None, list[ast.expr]]:
    """Return the path that an expression reads: as ``path_of``, and a constant number in it is a
    part as well.
    """
    parts: list[str] = []
    inner = node
    while isinstance(inner, ast.Subscript) and (part := _part(inner.slice)):
        parts.append(part)
        inner = inner.value
    path, indices = path_of(inner)
    if path is None or not parts:
        return path, indices
    return (*path, *["[?]"] * len(indices), *reversed(parts)), indices


def _part(index: ast.expr) -> str:
    """Return an index that is a constant number or text as a part of a path; nothing for others."""
    if isinstance(index, ast.Constant) and isinstance(index.value, str):
        return f"[{index.value!r}]"
    number = _constant(index)
    return "" if number is None else f"[{number}]"


def _constant(index: ast.expr) -> int | None:
    sign = isinstance(index, ast.UnaryOp) and isinstance(index.op, ast.USub)
    number = index.operand if isinstance(index, ast.UnaryOp) and sign else index
    if not isinstance(number, ast.Constant) or type(number.value) is not int:
        return None
    return -number.value if sign else number.value


def part_of(value: ast.AST, suffix: Path) -> tuple[ast.AST | None, Path]:
    """Return what a display or constructor call gives one of its parts, and what is left of the
    way to it; None where it gives that part nothing.
    """
    while suffix:
        given = _given(value, suffix[0])
        if given is value:
            break
        if given is None:
            return None, ()
        value, suffix = given, suffix[1:]
    return value, suffix


def _given(value: ast.AST, part: str) -> ast.AST | None:
    """Return what a value gives a part; the value itself where that cannot be told."""
    if isinstance(value, ast.Dict) and part.startswith("["):
        named = [f"[{key.value!r}]" if isinstance(key, ast.Constant) else "" for key in value.keys]
        places = [place for place, name in enumerate(named) if name in (part, "")]
        if not places:
            return None
        return value.values[places[-1]] if named[places[-1]] else value
    if isinstance(value, (ast.Tuple, ast.List)) and part[1:-1].lstrip("-").isdecimal():
        if any(isinstance(item, ast.Starred) for item in value.elts):
            return value
        place = int(part[1:-1])
        return value.elts[place] if -len(value.elts) <= place < len(value.elts) else None
    if isinstance(value, ast.Call) and not value.args:
        keys = {word.arg: word.value for word in value.keywords}
        if None in keys or name_of(value) not in _OF_NAMES:
            return value
        return keys.get(part[2:-2] if part.startswith("['") else part)
    return value


def read_in(value: ast.AST) -> Iterator[Range]:
    """Yield where the calls stand whose values a value holds as they are: its own, and those in a
    display.
    """
    pending = [value]
    while pending:
        node = pending.pop()
        if isinstance(node, (ast.Tuple, ast.List, ast.Set)):
            pending += node.elts
        elif isinstance(node, ast.Dict):
            pending += node.values
        elif isinstance(node, (ast.Starred, ast.keyword)):
            pending.append(node.value)
        elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add) and _joins(node):
            pending += (node.left, node.right)
        elif isinstance(node, ast.Call):
            yield range_of(node)
            if name_of(node) in _OF_NAMES or name_of(node) in _HOLD:
                pending += (*node.args, *node.keywords)


def _joins(node: ast.BinOp) -> bool:
    sides = (node.left, node.right)
    return any(isinstance(side, (ast.Tuple, ast.List)) for side in sides)


def root_of(node: ast.AST) -> Path | None:
    """Return the path of what an expression leads into: ``b`` for ``b.numpy()[1:]``."""
    here = node
    while True:
        path, _ = path_of(here)
        if path is not None:
            return path
        if isinstance(here, (ast.Attribute, ast.Subscript, ast.Starred)):
            here = here.value
        elif isinstance(here, ast.Call) and isinstance(here.func, ast.Attribute):
            here = here.func.value
        else:
            return None


def reads(node: ast.AST) -> Iterator[Path]:
    """Yield the paths that an expression takes a value from; a shape or a type is none."""
    if isinstance(node, (ast.Name, ast.Attribute, ast.Subscript)):
        path, indices = _element_of(node)
        if path is not None:
            if not _SHAPE.intersection(path[1:]):
                yield path
        elif not (isinstance(node, ast.Attribute) and node.attr in _SHAPE):
            yield from reads(node.value)  # type: ignore[union-attr]
            if isinstance(node, ast.Subscript):
                indices = [*indices, node.slice]
        for index in dict.fromkeys(indices):
            yield from reads(index)
    elif isinstance(node, ast.Call):
        path, indices = path_of(node)
        yield from _called(node) if path is None or indices else (path,)
    elif isinstance(node, ast.Lambda):
        own = {argument.arg for argument in arguments_of(node)}
        yield from (path for path in reads(node.body) if path[0] not in own)
    elif isinstance(node, (ast.ListComp, ast.SetComp, ast.GeneratorExp, ast.DictComp)):
        yield from _of_each(node)
    elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
        own = {argument.arg for argument in arguments_of(node)}
        for part in ast.walk(node):
            if isinstance(part, (ast.Return, ast.Yield)) and part.value is not None:
                yield from (path for path in reads(part.value) if path[0] not in own)
    elif not isinstance(node, ast.ClassDef):
        for part in ast.iter_child_nodes(node):
            yield from reads(part)


def _of_each(node: ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp) -> Iterator[Path]:
    """Yield what a comprehension reads: ``rows[?]["n"]`` for ``r["n"] for r in rows``."""
    sources: dict[str, ast.expr] = {}
    for part in node.generators:
        sources.update(
            (name.id, part.iter) for name in ast.walk(part.target) if isinstance(name, ast.Name)
        )
        sources.update(side_by_side(part))
    results = [node.key, node.value] if isinstance(node, ast.DictComp) else [node.elt]
    plain = all(isinstance(part.target, ast.Name) or side_by_side(part) for part in node.generators)
    for result in results:
        for path in reads(result):
            source = sources.get(path[0])
            if source is None:
                yield path
                continue
            whole, indices = _element_of(source)
            if plain and len(path) > 1 and whole is not None and not indices:
                yield (*whole, "[?]", *path[1:])
            else:
                yield from reads(source)
    read = {path[0] for result in results for path in reads(result)}
    for part in node.generators:
        names = (name.id for name in ast.walk(part.target) if isinstance(name, ast.Name))
        if read.isdisjoint(names):
            yield from reads(part.iter)


def side_by_side(part: ast.comprehension) -> dict[str, ast.expr]:
    """Return what each name of a comprehension goes through where that is ``zip(rows, losses)``."""
    source, target = part.iter, part.target
    if not isinstance(source, ast.Call) or not isinstance(target, ast.Tuple):
        return {}
    pairs = [*zip(target.elts, source.args, strict=False)]
    if name_of(source) != "zip" or len(target.elts) != len(source.args):
        return {}
    return {name.id: item for name, item in pairs if isinstance(name, ast.Name)}


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
    else:
        yield from reads(call.func)
    for argument in (*call.args, *(keyword.value for keyword in call.keywords)):
        yield from reads(argument)


def name_of(call: ast.Call) -> str:
    """Return the last part of the name of what is called."""
    return (
        call.func.id
        if isinstance(call.func, ast.Name)
        else call.func.attr
        if isinstance(call.func, ast.Attribute)
        else ""
    )


def arguments_of(function: ast.AST) -> list[ast.arg]:
    """Return the parameters of a function."""
    given = getattr(function, "args", None)
    if not isinstance(given, ast.arguments):
        return []
    extra = [one for one in (given.vararg, given.kwarg) if one is not None]
    return [*given.posonlyargs, *given.args, *given.kwonlyargs, *extra]
