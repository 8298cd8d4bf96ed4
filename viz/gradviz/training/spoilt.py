"""What is said of parameters that are NaN or infinite: where that comes from, and what mends it.

Pure, without torch.
"""

import math
from collections.abc import Sequence

from gradviz.facts.evidence import Evidence, Stepper
from gradviz.facts.overflows import Overflow
from gradviz.graph import Place
from gradviz.render.sentences import note_text

Words = tuple[str, str]
"""What it means, and what mends it."""

_CAME_SPOILT = (
    "It was NaN or infinite before a call that was watched: what made it so came before that.",
    "gradviz run --every 1 watches every call, and names the line where the first one is born.",
)


_WRITTEN = (
    "The gradient arrives finite, and what is done to .grad before the step makes it NaN or"
    " infinite: the parameter becomes so, and stays so.",
    "Look at what that line divides by or writes: it may be zero, NaN or infinite.",
)


def written_at(evidence: Evidence) -> Place | None:
    """Return the line that made a gradient NaN or infinite after it had arrived finite; None where
    none was seen, or what is not finite was born in a call.
    """
    if evidence.overflow is not None or not (evidence.birth is None or evidence.birth.holder):
        return None
    for look in evidence.looks:
        if look.gradient is not None and not math.isfinite(look.gradient):
            norm = None if look.arrived is None else look.arrived.gradient_norm
            is_sound = norm is not None and math.isfinite(norm)
            is_told = is_sound and look.touch is not None and look.touch.alone
            return look.touch.place if is_told and look.touch is not None else None
        if not look.finite:
            return None
    return None


def of_spoilt(
    concerned: Sequence[Evidence], holders: Sequence[Stepper], otherwise: Words
) -> Words | None:
    """Return what it means that some parameters are not finite, and what mends it; None where no
    more is known than that.

    Args:
        concerned: The parameters.
        holders: The optimizers that hold some of them.
        otherwise: What there is to say of every such parameter.
    """
    if any(map(_is_spoilt_later, concerned)):
        return _born_unseen(holders)
    if all(map(written_at, concerned)):
        return _WRITTEN
    overflow = next(filter(None, (parameter.overflow for parameter in concerned)), None)
    if overflow is not None:
        return _overflown(overflow)
    birth = next(filter(None, (parameter.birth for parameter in concerned)), None)
    if birth is None:
        return _CAME_SPOILT if all(own.came_spoilt for own in concerned) else None
    means, mend = otherwise
    if birth.holder:
        return f"{means} It was there before: {note_text(birth.why)}.", birth.mend or mend
    at = f" at {birth.caller or birth.place}" if birth.caller or birth.place else ""
    what = (
        f"It is in the result of {birth.operation}{at}, and was born there or before"
        if birth.unsure
        else f"It is born in {birth.operation}"
    )
    born = f"{means} {note_text(what)}: {birth.why.rstrip('.')}."
    thrown = next(filter(None, (parameter.thrown for parameter in concerned)), None)
    if thrown is None:
        return born, birth.mend or mend
    by = "" if thrown.lr is None else f", with a learning rate of {thrown.lr:g}"
    return (
        f"{born} The step after backward {thrown.calls} had moved {thrown.name} by"
        f" {thrown.ratio:.2g} times its size{by}.",
        "Lower that learning rate, or clip the gradient.",
    )


def _is_spoilt_later(evidence: Evidence) -> bool:
    """Say whether it was finite as long as steps were looked at, and is no longer."""
    return (
        evidence.birth is None
        and evidence.overflow is None
        and not evidence.finite
        and all(look.finite for look in evidence.looks)
    )


def _born_unseen(holders: Sequence[Stepper]) -> Words:
    """Say as nearly as it is known when a NaN was born after the calls that were watched."""
    first = next((holder for holder in holders if holder.spoilt is not None), None)
    if first is None or first.spoilt is None:
        when = "a step"
    else:
        sound, spoilt = first.spoilt
        when = (
            f"step {spoilt} of {first.name} or the one before it"
            if spoilt - sound < 2
            else f"one of the steps {sound} to {spoilt} of {first.name}"
        )
    means = (
        f"A gradient was NaN or infinite at {when}, after the calls that were watched, or a line"
        " wrote that into a parameter: it stays so for good."
    )
    if first is None or first.spoilt is None or not first.even:
        return means, (
            "gradviz run --every 1 watches every call, and names the line where the first one is"
            " born."
        )
    sound, spoilt = first.spoilt
    calls = f"{sound},{spoilt}" if spoilt - sound < 2 else f"{sound}-{spoilt}"
    return means, (
        f"gradviz run --backward {calls} watches the calls before these steps, and names the line"
        " where it is born."
    )


def _overflown(overflow: Overflow) -> Words:
    means = (
        f"The gradient is finite when {overflow.kind} steps, and the update is not: the step makes"
        " the parameter NaN or infinite for good."
    )
    if overflow.eps is None:
        means += "" if overflow.lr is None else f" Its learning rate is {overflow.lr:g}."
        return means, (
            "Look at what the step divides by, which may be zero (add an eps), or lower the"
            " learning rate."
        )
    return f"{means} Its eps of {overflow.eps:g} is 0 in {overflow.dtype}.", (
        "Keep the weights in float32 and compute in half precision with autocast, or give the"
        " optimizer an eps that the type holds, such as 1e-4."
    )
