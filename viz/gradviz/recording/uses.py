"""Where the source of a class calls a module that it holds."""

import ast
import inspect
import textwrap
from collections.abc import Iterator
from functools import lru_cache

from torch import nn

from gradviz.graph import Place
from gradviz.recording.where import INSIDE, level


def calls_of(kind: type, attribute: str) -> tuple[Place, ...]:
    """Return the lines of a class, and of those it is derived from, that call what ``self`` holds
    under a name.
    """
    bases = [base for base in kind.__mro__ if issubclass(base, nn.Module) and base is not nn.Module]
    return tuple(place for base in bases for name, place in _calls(base) if name == attribute)  # type: ignore[arg-type]


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
