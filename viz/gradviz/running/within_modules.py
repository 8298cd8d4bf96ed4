"""What the modules of a script hold under names of their own that they do not register: modules in
a plain list, tensors that are no ``nn.Parameter``.
"""

from collections import deque
from collections.abc import Iterator, Mapping
from typing import Any

from torch import nn

from gradviz.recording import torch_inside
from gradviz.running.variables import inside

_DEEP = 3  # steps from a module: self.heads["a"][0]
_MOST = 20_000  # values in all
_CONTAINERS = (list, tuple, dict)


def names_within(models: Mapping[str, nn.Module], wanted: set[int]) -> dict[int, str]:
    """Return what leads from models, by name, to the things wanted, by identity."""
    names: dict[int, str] = {}
    looked = 0
    for path, module in _modules(models):
        level = list(inside(path, module))
        for _ in range(_DEEP):
            for way, value in level:
                if id(value) in wanted:
                    names.setdefault(id(value), way)
            looked += len(level)
            if looked > _MOST or len(names) == len(wanted):
                return names
            containers = ((way, own) for way, own in level if type(own) in _CONTAINERS)
            level = [item for way, own in containers for item in inside(way, own)]
    return names


def _modules(models: Mapping[str, nn.Module]) -> Iterator[tuple[str, nn.Module]]:
    """Yield all modules of models, the outermost first, each once."""
    queue: deque[tuple[str, Any]] = deque(models.items())
    met: set[int] = set()
    while queue:
        path, module = queue.popleft()
        if module is None or id(module) in met:
            continue
        met.add(id(module))
        yield path, module
        queue += [
            (f"{path}.{name}", child) for name, child in torch_inside.children_of(module).items()
        ]
