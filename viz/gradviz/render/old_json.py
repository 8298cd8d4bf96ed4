"""What report files of earlier versions hold in words alone, and later ones in fields too."""

import re

from gradviz.facts.calls import CallKind, CallName, StepNote

_CALL = re.compile(
    rf"(?P<kind>{'|'.join(map(re.escape, CallKind))}) (?P<number>\d+), (?P<loss>.*)", re.DOTALL
)
_AFTER = re.compile(r"after backward (\d+(?:, \d+)*(?: and \d+)?)")


def call_in(loss: str) -> CallName | None:
    """Return the call that the name of a loss tells of; None where it is a loss and no more.

    >>> call_in("backward 2, errG").number
    2
    """
    call = _CALL.fullmatch(loss)
    return call and CallName(CallKind(call["kind"]), int(call["number"]), call["loss"])


def note_in(text: str) -> str:
    """Return a note with the calls it tells of, where it is an alarm on a step; else as it is."""
    numbered = _AFTER.search(text) if text.startswith("ALARM") else None
    if numbered is None:
        return text
    calls = tuple(int(number) for number in re.findall(r"\d+", numbered[1]))
    return StepNote(text, alarm=True, calls=calls)
