"""Modules that were given an attribute ``requires_grad = True``, and the line that did it."""

import ast
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache

from torch import nn

from gradviz.graph import Place
from gradviz.recording import torch_inside
from gradviz.recording.reading.programs import lines_with

_ATTRIBUTE = "requires_grad"


class Switches:
    """The modules that have such an attribute.

    Attributes:
        paths: Of them.
    """

    def __init__(self) -> None:
        self.paths: list[str] = []

    def look(self, root: nn.Module | None, paths: Mapping[int, str]) -> None:
        """See which modules of a model have one now; ``paths`` are those of all, by identity."""
        for module in () if root is None else torch_inside.modules_of(root):
            path = paths.get(id(module))
            if path and module.__dict__.get(_ATTRIBUTE) is True and path not in self.paths:
                self.paths.append(path)

    def above(self, name: str) -> str | None:
        """Return the path of the innermost of them around a parameter; None where none is."""
        paths = [path for path in self.paths if name.startswith(f"{path}.")]
        return max(paths, key=len, default=None)


def switching_line(path: str | None, files: Callable[[], Iterable[str]]) -> Place | None:
    """Return the only line of some files that sets the attribute of what is called as the last part
    of a path; None where there are several, or none, or no path.
    """
    if path is None:
        return None
    name = path.rpartition(".")[2]
    lines = [line for file in files() for line in _switching(file, name)]
    return lines[0] if len(lines) == 1 else None


@lru_cache(maxsize=512)
def _switching(file: str, name: str) -> tuple[Place, ...]:
    def find(tree: ast.Module) -> Iterator[ast.Assign]:
        for node in ast.walk(tree):
            match node:
                case ast.Assign(
                    targets=[ast.Attribute(value=owner, attr=attribute)],
                    value=ast.Constant(value=True),
                ):
                    if attribute == _ATTRIBUTE and name in (
                        getattr(owner, "attr", None),
                        getattr(owner, "id", None),
                    ):
                        yield node

    return lines_with(find, file, (_ATTRIBUTE,))
