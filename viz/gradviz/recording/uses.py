"""Where the source of a class, or of a function that is given the model, calls a module."""

import ast
import inspect
import textwrap
from collections.abc import Iterable, Iterator
from functools import lru_cache
from linecache import getline

from torch import nn

from gradviz.graph import Place
from gradviz.recording.expressions import path_of
from gradviz.recording.sources import source_of
from gradviz.recording.where import INSIDE, level


def calls_of(kind: type, attribute: str) -> tuple[Place, ...]:
    """Return the lines of a class, and of those it is derived from, that call what ``self`` holds
    under a name.
    """
    bases = [base for base in kind.__mro__ if issubclass(base, nn.Module) and base is not nn.Module]
    return tuple(place for base in bases for name, place in _calls(base) if name == attribute)  # type: ignore[arg-type]


def calls_in(files: Iterable[str], attribute: str) -> tuple[Place, ...]:
    """Return the lines of some files that call what an object other than ``self`` holds under a
    name: ``net.head(h)``.
    """
    own = (file for file in files if level(file) != INSIDE)
    return tuple(
        Place(file, line, getline(file, line).strip())
        for file in own
        for name, line in _called_on_others(file)
        if name == attribute
    )


@lru_cache(maxsize=128)
def _called_on_others(file: str) -> tuple[tuple[str, int], ...]:
    source = source_of(file)
    called: dict[tuple[str, int], None] = {}
    for node in () if source is None else ast.walk(source.tree):
        function = node.func if isinstance(node, ast.Call) else None
        if isinstance(function, ast.Attribute):
            holder = path_of(function.value)[0]
            if holder is not None and holder != ("self",):
                called[function.attr, function.end_lineno or function.lineno] = None
    return tuple(called)


@lru_cache(maxsize=1024)
def _calls(kind: type) -> tuple[tuple[str, Place], ...]:
    try:
        file = inspect.getsourcefile(kind)
        lines, first = inspect.getsourcelines(kind)
        tree = ast.parse(textwrap.dedent("".join(lines)))
    except (OSError, TypeError, SyntaxError):
        return ()
    if file is None or level(file) == INSIDE:
        return ()
    return tuple(
        (name, Place(file, first + line - 1, lines[line - 1].strip()))
        for name, line in _called_on_self(tree)
    )


def _called_on_self(tree: ast.AST) -> Iterator[tuple[str, int]]:
    for method in ast.walk(tree):
        if not isinstance(method, (ast.FunctionDef, ast.AsyncFunctionDef)) or not method.args.args:
            continue
        own = method.args.args[0].arg
        for node in ast.walk(method):
            function = node.func if isinstance(node, ast.Call) else None
            if (
                isinstance(function, ast.Attribute)
                and isinstance(function.value, ast.Name)
                and function.value.id == own
            ):
                yield function.attr, function.lineno
