"""Why a parameter does not train, in a few words of a sentence."""

import re
from collections.abc import Sequence

from gradviz.facts.training import NEXT_TO_NOTHING, Fate
from gradviz.graph import Place
from gradviz.render.sentences import agreeing, listing, path_and_line

_CALL = re.compile(r"(\w+)\(")
_CLEARING = ("zero_grad", "set_to_none", "zero", "fill")
_CLIPPING = ("clip", "scale", "mul", "div", "clamp")


def why_not(fate: Fate, *, single: bool, faint: bool = False) -> str:
    """Return the reason of a fate in words.

    Args:
        fate: Of one or of several parameters.
        single: It is that of a single one.
        faint: Next to nothing arrives, as :func:`next_to_nothing` tells it.
    """
    at = "" if fate.file is None else f" at {path_and_line(Place(fate.file, fate.line or 0))}"
    call = called(fate.code, fate.why)
    they, them, their = ("it", "it", "its") if single else ("they", "them", "their")
    sentences = {
        "frozen": f"frozen{at}",
        "cut": _cut(fate, at, them, their),
        "": (
            f"frozen{at} at first, and unchanged by the steps since"
            if at
            else f"whether {their} {'value' if single else 'values'} went into the loss cannot be"
            " seen"
        ),
        "unused": f"{they} {'is' if single else 'are'} no part of the loss",
        "zero": f"{their} gradient is zero{f', and becomes so{at}' if at else ''}"
        + (", where the other factor is still zero and gets gradient" if fate.passing else ""),
        "left_out": f"backward(){at} does not ask for {them}",
        "not_finite": f"NaN or infinity gets into {them}{_by(fate, at)}",
        "cleared": (
            _unfed(fate, call, at, their)
            if fate.unfed
            else f"{call}{at} clears {their} gradient before step()"
            if at
            else f"{their} gradient is cleared before step(), by a line that was not watched"
        ),
        "clipped": (
            f"{call}{at} leaves {'next to ' * bool(fate.gradient_norm)}nothing of {their} gradient"
            if at
            else f"nothing is left of {their} gradient at step(), by a line that was not watched"
        ),
        "stale": f"the optimizer holds what was replaced{f' (see{at[3:]})' if at else ''}",
        "not_held": _not_held(fate, at, they, them),
        "not_stepped": _not_stepped(fate, at, them),
        "too_small": _too_small(fate, at, their, them)
        + (
            f", and {their} gradient is next to nothing compared with that of the same module's"
            " other parameters: harmless where a normalisation follows"
            if faint and not fate.rounding
            else ""
        ),
        "vanishing": f"{their} gradient has all but vanished, and the update is lost in rounding",
        "lost": (
            f"each step is undone{at} before the next backward"
            if fate.put_back
            else f"the update{at} goes elsewhere"
        ),
        "exploding": f"{their} gradient explodes, and the step{at} throws {them} far away",
        "ranks_differ": f"{they} {'differs' if single else 'differ'} between ranks after a step",
        "stopped": f"no gradient comes any more: cut off{at}",
        "no_step": (
            f"the step by hand{at} goes into a new tensor"
            if at
            else "gradient arrives, and no optimizer ever steps"
        ),
    }
    return sentences.get(fate.why or "", fate.why or "")


def next_to_nothing(fates: Sequence[Fate]) -> frozenset[str]:
    """Return the parameters whose update is too small and whose gradient is nothing beside that of
    their own module's other parameters. It may be what rounding leaves of zero, or the others get
    large inputs.
    """
    largest: dict[str, float] = {}
    for fate in fates:
        module = fate.name.rpartition(".")[0]
        largest[module] = max(largest.get(module, 0.0), fate.gradient_norm or 0.0)
    return frozenset(
        fate.name
        for fate in fates
        if fate.why == "too_small"
        and fate.learning_rate
        and 0 < (fate.gradient_norm or 0) < NEXT_TO_NOTHING * largest[fate.name.rpartition(".")[0]]
    )


def _by(fate: Fate, at: str) -> str:
    if not at:
        return ""
    return f", born{at}" if fate.born else f", by way of what is done{at}"


def _unfed(fate: Fate, call: str, at: str, their: str) -> str:
    if "grad(" in (fate.code or "") and "zero_grad" not in call:
        return f"torch.autograd.grad(){at} returns {their} gradient, and leaves none in .grad"
    if at:
        return f"{call}{at} parts {their} .grad from the one that is stepped"
    return f"nothing puts {their} gradient into the .grad that is stepped"


def _not_held(fate: Fate, at: str, they: str, them: str) -> str:
    if fate.copying:
        copies = "is a copy" if they == "it" else "are copies"
        return f"{they} {copies}, made{at}, of what the optimizer holds"
    return f"no optimizer holds {them}{f' (the optimizer is made{at})' if at else ''}"


def _not_stepped(fate: Fate, at: str, them: str) -> str:
    if fate.copying:
        return f"the optimizer that steps holds copies of {them}, made{at}"
    holders = fate.optimizers or ("the optimizer",)
    steps = agreeing(len(holders), "steps", "step")
    return f"{listing(holders)} never {steps}{f' (made{at})' if at else ''}"


def _cut(fate: Fate, at: str, them: str, their: str) -> str:
    if fate.heir is None:
        return f"cut off from the loss{at}"
    made = "" if fate.heir.place is None else f" at {path_and_line(fate.heir.place)}"
    made = f"made of {them}{made}"
    used = f"{fate.heir.name}, {made}," if fate.heir.name else f"what was {made}"
    return f"the loss uses {used} in {their} place"


def _too_small(fate: Fate, at: str, their: str, them: str) -> str:
    if fate.learning_rate == 0:
        if fate.rate_at is not None:
            return f"the learning rate that is set at {path_and_line(fate.rate_at)} is 0"
        return f"the learning rate of the step{at} is 0"
    if fate.rounding:
        return f"what arrives at {them} is no more than what rounding leaves of zero"
    too_small = f"the update{at} is too small for {their} type"
    return too_small if fate.learning_rate else f"{too_small}, or the learning rate is 0"


def _has(call: str, word: str) -> bool:
    """Say whether the name of a call has a word, as ``unscale_`` has ``scale``, and ``accumulate``
    not ``mul``.
    """
    return f"{word}_" in f"{call}_"


def called(code: str | None, why: str | None) -> str:
    """Return the call in a line that takes gradient away as a reason says, ``"zero_grad()"``."""
    words = _CLIPPING if why == "clipped" else _CLEARING
    calls = _CALL.findall(code or "")
    fitting = next((call for call in calls if any(_has(call, word) for word in words)), None)
    return f"{fitting}()" if fitting else "the line"
