"""The ways a gradient is lost, one to a file: how each is recognised, what it means, what mends it.

A file of this folder is found by its ``CAUSES``; a package of the user's own adds some by an entry
point. Plain data, no torch.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from importlib import import_module
from pkgutil import iter_modules

from gradviz.causes import captured
from gradviz.causes.cause import Cause, LeavesAs, Severed
from gradviz.causes.explanation import Explanation
from gradviz.causes.packages import installed
from gradviz.causes.raised import RAISED, explanation_of, has_raised
from gradviz.graph import GRAD_MODES, Cut, CutKind


def _own() -> Iterator[Cause]:
    for module in iter_modules(__path__):
        yield from getattr(import_module(f"{__name__}.{module.name}"), "CAUSES", ())


CAUSES: tuple[Cause, ...] = tuple(_own())
"""Those of this package."""

EXPLANATIONS: Mapping[CutKind, Explanation] = {
    cause.kind: cause.explanation
    for cause in CAUSES
    if cause.explanation is not None and not cause.operations
}

BY_OPERATION: Mapping[str, Explanation] = {
    operation: cause.explanation
    for cause in CAUSES
    if cause.explanation is not None
    for operation in cause.operations
}
"""Of operations that have a remedy of their own, whatever their kind."""


LEAVING: frozenset[CutKind] = frozenset(
    cause.kind for cause in CAUSES if cause.leaves_as is not LeavesAs.RESULT
)
"""As what a value leaves torch: a number, a text or an array."""

_LEAVES_TOO = (
    "Compute in torch what is computed outside of it: the value also leaves torch, as a number or"
    " an array, and has no gradient from there on."
)

_AGAIN = (
    "Use the tensor itself all the way to the loss: {} takes it on without its history too,"
    " whatever is done here."
)
_DROPPED = frozenset((*GRAD_MODES, CutKind.DETACH, CutKind.DETACH_, CutKind.DATA))

_PLAIN = frozenset(cause.explanation for cause in CAUSES if cause.plain or not cause.operations)


def explain(cut: Cut) -> Explanation:
    """Return what ``cut`` means and what usually mends it."""
    explanation = _by_itself(cut)
    if cut.leaves:
        return replace(explanation, mend=_LEAVES_TOO)
    if cut.again and cut.kind in _DROPPED and explanation is EXPLANATIONS.get(cut.kind):
        return replace(explanation, mend=_AGAIN.format(cut.again))
    return explanation


def _by_itself(cut: Cut) -> Explanation:
    if has_raised(cut):
        return explanation_of(cut.operation)
    if cut.captured and cut.kind is not CutKind.CHECKPOINT:
        return captured.CAPTURED
    operation = cut.operation.removesuffix(" in TorchScript")
    if operation in BY_OPERATION:
        return BY_OPERATION[operation]
    for cause in installed():
        if cause.explanation is not None and operation in cause.operations:
            return cause.explanation
    return EXPLANATIONS[cut.kind]


def is_plain(cut: Cut) -> bool:
    """Say whether a cut needs no explanation, as a stop-gradient on purpose needs none."""
    return _by_itself(cut) in _PLAIN


__all__ = [
    "BY_OPERATION",
    "CAUSES",
    "EXPLANATIONS",
    "LEAVING",
    "RAISED",
    "Cause",
    "Explanation",
    "LeavesAs",
    "Severed",
    "explain",
    "has_raised",
    "installed",
    "is_plain",
]
