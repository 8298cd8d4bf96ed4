"""What a call or operation is given, by the source."""

import ast
import copy
from collections.abc import Mapping, Sequence
from typing import Any

from gradviz.recording.reading.definitions import Scope
from gradviz.recording.reading.expressions import Path, path_of
from gradviz.recording.reading.parts import may_be_same, parts_at, place_in, taken
from gradviz.recording.reading.ways import of_argument


def roots_of(start: ast.AST) -> list[ast.AST]:
    """Return the operands of a call or operation that could be plain numbers.

    These are the arguments and not the receiver; none where one operand is a literal or a length.
    """
    if isinstance(start, ast.Call):
        return [*start.args, *(keyword.value for keyword in start.keywords)]
    if isinstance(start, ast.BinOp):
        sides = [start.left, start.right]
        return [] if any(map(_is_fixed, sides)) else [*sides]
    if isinstance(start, ast.Compare):
        return [start.left, *start.comparators]
    if isinstance(start, ast.Subscript):
        return [start.slice]
    if isinstance(start, (ast.Assign, ast.AnnAssign)):
        targets = start.targets if isinstance(start, ast.Assign) else [start.target]
        indices = [target.slice for target in targets if isinstance(target, ast.Subscript)]
        return [*indices, *([] if start.value is None else [start.value])]
    if isinstance(start, ast.AugAssign):
        return [start.value]
    if isinstance(start, (ast.For, ast.AsyncFor)):
        return [start.iter]  # its next item is wanted, and what its body does comes after
    if isinstance(start, (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)):
        return [part.iter for part in start.generators]
    return [] if hasattr(start, "body") and isinstance(start, ast.stmt) else [start]


def _is_fixed(side: ast.AST) -> bool:
    if isinstance(side, ast.Call) and isinstance(side.func, ast.Name) and side.func.id == "len":
        return len(side.args) == 1 and path_of(side.args[0])[0] is not None
    return isinstance(side, ast.Constant)


def arguments_for(start: ast.AST, wanted: Path, function: Scope | None) -> list[ast.AST]:
    """Return the arguments of a call that fill a parameter.

    All of them where that cannot be told.
    """
    if not isinstance(start, ast.Call):
        return roots_of(start)
    for keyword in start.keywords:
        if keyword.arg == wanted[0]:
            return [keyword.value]
    names = [] if function is None else list(function.parameters)
    if (
        names
        and function is not None
        and function.owner
        and isinstance(start.func, (ast.Attribute, ast.Name))
    ):
        names = names[1:]  # self is what it is a method of
    plain = not any(isinstance(argument, ast.Starred) for argument in start.args)
    if plain and wanted[0] in names and function is not None:
        index = names.index(wanted[0])
        extra = getattr(function.node, "args", None)
        if extra is not None and extra.vararg is not None and extra.vararg.arg == wanted[0]:
            return [*start.args[index - len(extra.kwonlyargs) :]]
        if _takes_words(function, wanted[0]):
            return [word.value for word in start.keywords if word.arg not in names]
        return [start.args[index]] if index < len(start.args) else []
    return [*start.args]


def given_for(start: ast.AST, wanted: Path, function: Scope | None) -> list[tuple[ast.AST, Path]]:
    """Return the arguments of a call that fill a parameter, each with the path that is wanted of
    it: of ``log(loss=a, lr=b)`` it is ``b`` alone for ``words["lr"]``.
    """
    arguments = arguments_for(start, wanted, function)
    spread = _out_of_words(start, wanted, arguments)
    if spread:
        return spread
    place = place_in(wanted[1]) if wanted[1:] and _takes_rest(function, wanted[0]) else None
    if place is not None and -len(arguments) <= place < len(arguments):
        return [(arguments[place], (wanted[0], *wanted[2:]))]
    keyed = isinstance(start, ast.Call) and _takes_words(function, wanted[0])
    if not keyed or not wanted[1:] or not wanted[1].startswith("["):
        return [(argument, wanted) for argument in arguments]
    return [
        (word.value, (wanted[0], *wanted[2:]) if word.arg else wanted)
        for word in (start.keywords if isinstance(start, ast.Call) else ())
        if word.value in arguments
        and (word.arg is None or may_be_same(f"[{word.arg!r}]", wanted[1]))
    ]


def _out_of_words(
    start: ast.AST, wanted: Path, arguments: Sequence[ast.AST]
) -> list[tuple[ast.AST, Path]]:
    """Return what fills a parameter of ``f(**words)`` that nothing else does: ``words["x"]``."""
    if arguments or not isinstance(start, ast.Call):
        return []
    words = (word.value for word in start.keywords if word.arg is None)
    return [(value, (wanted[0], f"[{wanted[0]!r}]", *wanted[1:])) for value in words]


def _takes_rest(function: Scope | None, name: str) -> bool:
    """Say whether a parameter is what a function keeps its other arguments in: ``*rest``."""
    given = None if function is None else getattr(function.node, "args", None)
    return given is not None and given.vararg is not None and given.vararg.arg == name


def _takes_words(function: Scope | None, name: str) -> bool:
    """Say whether a parameter is what a function keeps its other keywords in: ``**words``."""
    given = None if function is None else getattr(function.node, "args", None)
    return given is not None and given.kwarg is not None and given.kwarg.arg == name


Given = Mapping[ast.expr, Sequence[Path]]
"""By argument of a call, the parameters that it fills, and what is wanted of them."""


def parts_of_calls(value: ast.AST) -> dict[ast.Call, Path]:
    """Return what of the result of each call in an expression goes on, where that is not all:
    ``[0]`` of ``f(x)[0]``.
    """
    parts: dict[ast.Call, Path] = {}
    called = {node.func for node in ast.walk(value) if isinstance(node, ast.Call)}
    for node in ast.walk(value):
        way, inner = _way_down(node) if node not in called else ((), node)
        if way and isinstance(inner, ast.Call):
            parts.setdefault(inner, way)  # the outermost comes first
    return parts


def _way_down(node: ast.AST) -> tuple[Path, ast.AST]:
    way: Path = ()
    while isinstance(node, (ast.Subscript, ast.Attribute)):
        own = parts_at(node.slice) if isinstance(node, ast.Subscript) else (node.attr,)
        if not own:
            break
        way, node = (*own, *way), node.value
    return way, node


def narrowed(node: ast.AST, calls: Mapping[ast.AST, Given]) -> ast.AST:
    """Return an expression in which some calls are given only what is wanted of their arguments."""
    if not calls:
        return node
    given = calls.get(node)
    if given is not None and isinstance(node, ast.Call):
        values = [*node.args, *(word.value for word in node.keywords)]
        parts: list[Any] = [
            narrowed(part, calls)
            for value in values
            for part in (_wanted(value, given[value]) if value in given else [value])
        ]
        return ast.copy_location(ast.Call(node.func, parts, []), node)
    other = copy.copy(node)
    for name, value in ast.iter_fields(node):
        if isinstance(value, ast.AST):
            setattr(other, name, narrowed(value, calls))
        elif isinstance(value, list):
            setattr(
                other,
                name,
                [narrowed(item, calls) if isinstance(item, ast.AST) else item for item in value],
            )
    return other


def _wanted(argument: ast.expr, paths: Sequence[Path]) -> list[ast.expr]:
    return [taken(argument, of_argument(argument, path)) or argument for path in paths]
