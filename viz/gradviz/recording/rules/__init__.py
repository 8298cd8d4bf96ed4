"""What the recorder does about each torch function, a family to a file.

A family lists its functions by name in ``RULES``, an attribute of a tensor as ``"data.__set__"``,
or recognises them by more than their name in ``recognise``. Calls that only a seam can see are
functions of the family, which the seam calls.
"""

from collections.abc import Callable, Mapping
from typing import Any

from gradviz.recording import torch_inside
from gradviz.recording.calls.rule import Rule
from gradviz.recording.rules import (
    applied,
    called_back,
    derivative,
    detached,
    grad_switch,
    hooks,
    in_place,
    leaves,
    leaving,
    ordinary,
    tangents,
)

RULES: Mapping[str, Rule] = {
    name: rule
    for family in (applied, detached, grad_switch, hooks, leaves, leaving, ordinary, tangents)
    for name, rule in family.RULES.items()
}
_RECOGNISERS: tuple[Callable[[Any, str], Rule | None], ...] = (
    derivative.recognise,
    in_place.recognise,
)
_ACCESSORS = ("__get__", "__set__")


def rule_of(function: Any) -> Rule | None:
    """Return the rule of a torch function; None for one whose calls are of no interest."""
    rule = _by_name(function)
    return None if rule is None else called_back.and_what_is_called_back(rule, function)


def _by_name(function: Any) -> Rule | None:
    # "add_.Tensor" of torch.ops.aten.add_.Tensor
    name: str = getattr(function, "__name__", "").partition(".")[0]
    if name in _ACCESSORS:
        attribute = getattr(getattr(function, "__self__", None), "__name__", "")
        return RULES.get(f"{attribute}.{name}")
    if name in RULES:
        return RULES[name]
    if name == "backward" or name.startswith(torch_inside.RECORD_FUNCTION):
        return None
    for recognise in _RECOGNISERS:
        rule = recognise(function, name)
        if rule is not None:
            return rule
    return ordinary.ordinary(name)
