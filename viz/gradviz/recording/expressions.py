"""What an expression reads: the names, attributes and elements that its value comes from.

A path is what a name leads to: ``("self", "mean")`` is ``self.mean``, ``("kept", "['a']")`` is
``kept["a"]``.
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
        else:
            return None, indices
        here = here.value


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
        path, indices = path_of(node)
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
        yield from _called(node)
    elif isinstance(node, ast.Lambda):
        own = {argument.arg for argument in arguments_of(node)}
        yield from (path for path in reads(node.body) if path[0] not in own)
    elif isinstance(node, (ast.ListComp, ast.SetComp, ast.GeneratorExp, ast.DictComp)):
        own = {
            name.id
            for one in node.generators
            for name in ast.walk(one.target)
            if isinstance(name, ast.Name)
        }
        results = [node.key, node.value] if isinstance(node, ast.DictComp) else [node.elt]
        for result in (*results, *(one.iter for one in node.generators)):
            yield from (path for path in reads(result) if path[0] not in own)
    elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
        own = {argument.arg for argument in arguments_of(node)}
        for part in ast.walk(node):
            if isinstance(part, (ast.Return, ast.Yield)) and part.value is not None:
                yield from (path for path in reads(part.value) if path[0] not in own)
    elif not isinstance(node, ast.ClassDef):
        for part in ast.iter_child_nodes(node):
            yield from reads(part)


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
