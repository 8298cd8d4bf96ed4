"""Parameters of a module that is a model by itself, as a loss with weights of its own is."""

import sys
from collections.abc import Iterable, Mapping
from typing import Any

from torch import nn

from gradviz.recording import torch_inside
from gradviz.recording.reading import where


def lone(names: Iterable[str], roots: Mapping[str, Any]) -> frozenset[str]:
    """Return the names of those that stand in a model of a class of the user's own, in training
    mode, that has parameters itself and no layers with any: nobody makes such parameters who does
    not mean them to train.
    """
    prefixes = tuple(f"{root}." for root, model in roots.items() if _has_only_its_own(model))
    return frozenset(
        name
        for name in names
        for prefix in prefixes
        if name.startswith(prefix) and "." not in name.removeprefix(prefix)
    )


def _has_only_its_own(model: Any) -> bool:
    if not isinstance(model, nn.Module) or not model.training:
        return False
    direct = torch_inside.parameters_of(model).values()
    own = [parameter for parameter in direct if parameter is not None]
    file = where.file_of(sys.modules.get(type(model).__module__))
    is_users = where.level(file) == where.USER
    return is_users and bool(own) and len(own) == len(list(torch_inside.all_parameters_of(model)))
