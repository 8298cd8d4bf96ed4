"""A backward raised an error, and so brought nothing to anything."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import NamedTuple

from gradviz.causes.explanation import Explanation
from gradviz.graph import Cut, Parameter, Place

_CHANGED = re.compile(
    r" was changed in place at (?P<file>.+):(?P<line>\d+) \((?P<code>.*)\)\.$", re.DOTALL
)

RAISED = "backward() raised"
"""How the operation of such a cut begins."""

NO_GRAD = "does not require grad: backward() raises"
"""What the note says on a loss that every route is cut from."""


class Refusal(NamedTuple):
    """An error of torch's that says what is wrong.

    Attributes:
        text: What is in its message.
        means: What is wrong in a few words, to stand behind the operation that raised; may be
            empty.
        explanation: What it means and what mends it.
    """

    text: str
    means: str
    explanation: Explanation


IN_PLACE = "modified by an inplace operation"
"""What torch says where a value that backward() needs is not what it was."""

REFUSALS = (
    Refusal(
        IN_PLACE,
        "changed in place since",
        Explanation(
            "backward() needs a value that this operation used or made, and it was changed in place"
            " afterwards.",
            "Change nothing in place between the forward and backward(): x = x + 1 in place of x +="
            " 1. Let an optimizer step once backward() has run on every loss that its parameters"
            " went into.",
        ),
    ),
    Refusal(
        "backward through the graph a second time",
        "its graph was freed",
        Explanation(
            "An earlier backward() went through this operation, and freed what it had kept.",
            "Run this line anew for each backward(), and not once for all, as in a constructor;"
            " detach() what a step hands to the next. Where two losses share a part, run backward()"
            " once on their sum, or pass retain_graph=True to the first.",
        ),
    ),
    Refusal(
        "grad can be implicitly created only for scalar outputs",
        "of a loss of several values",
        Explanation(
            "The loss has several values, and backward() differentiates a single one.",
            "Reduce the loss to one value with mean() or sum(), or pass gradient= to backward().",
        ),
    ),
    Refusal(
        "",
        "",
        Explanation(
            "backward() raised an error here. Nothing is called reached, although some gradient may"
            " have arrived before.",
            "Do what the error says. Where a derivative is not implemented, use operations that"
            " have one.",
        ),
    ),
)
"""The last is any other error."""


def operation_of(name: str, error: str) -> str:
    """Return the operation of the cut, as a person would write it.

    Args:
        name: Of the operation that raised; empty where it is not known.
        error: Type and text of what it raised.
    """
    refusal = next(refusal for refusal in REFUSALS if refusal.text in error)
    inside = f" in {name}" if name else ""
    return f"{RAISED}{inside}{f' ({refusal.means})' if refusal.means else ''}"


def note_on_change(name: str, made: Place | None, changed: Place) -> str:
    """Return the note that says where a value was changed that a backward needs.

    Args:
        name: Of the operation that needs it.
        made: Its line.
        changed: The line of the change.
    """
    at = "" if made is None else f" at {made}"
    return (
        f"What {name}{at} needs for its backward was changed in place at {changed}"
        f" ({changed.code})."
    )


def changed_at(notes: Iterable[str]) -> Place | None:
    """Return the line that the note of :func:`note_on_change` names; None where there is none."""
    for note in notes:
        match = _CHANGED.search(note)
        if match:
            return Place(match["file"], int(match["line"]), match["code"])
    return None


def blamed(parameters: Mapping[str, Parameter], notes: Iterable[str]) -> Mapping[str, Parameter]:
    """Return parameters whose cut is where a backward raised with the line that made it raise: the
    change that the note of :func:`note_on_change` names.
    """
    place = changed_at(notes)
    if place is None:
        return parameters

    def at_change(cut: Cut) -> Cut:
        return replace(cut, file=place.file, line=place.line, code=place.code)

    return {
        name: replace(
            parameter,
            cuts=tuple(at_change(cut) if has_raised(cut) else cut for cut in parameter.cuts),
        )
        for name, parameter in parameters.items()
    }


def has_raised(cut: Cut) -> bool:
    """Say whether a cut is where a backward raised."""
    return cut.operation.startswith(RAISED)


def has_failed(cuts: Iterable[Cut], notes: Iterable[str]) -> bool:
    """Say whether the backward of a loss raised, from its cuts and notes.

    A note says so where no operation is known, and where the loss did not require grad.
    """
    return any(map(has_raised, cuts)) or any(
        note.startswith(RAISED) or NO_GRAD in note for note in notes
    )


def explanation_of(operation: str) -> Explanation:
    """Return what the operation of such a cut means and what mends it."""
    return next(
        refusal.explanation
        for refusal in REFUSALS
        if not refusal.means or operation.endswith(f"({refusal.means})")
    )
