"""The backward calls of a run, and the steps after them, as a report names them. Plain data."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Self


class CallKind(StrEnum):
    """What began at the loss."""

    BACKWARD = "backward"
    GRAD = "torch.autograd.grad"


@dataclass(frozen=True, slots=True)
class CallName:
    """Which call of a run a report is about; ``str()`` gives ``"backward 2, errG"``. Read-only.

    Attributes:
        kind: What was called.
        number: Counted from 1 for each kind.
        loss: Name of its loss.
    """

    kind: CallKind
    number: int
    loss: str

    def __str__(self) -> str:
        return f"{self.short}, {self.loss}"

    @property
    def short(self) -> str:
        """The call without its loss: ``"backward 2"``."""
        return f"{self.kind} {self.number}"


class StepNote(str):
    """A note on an optimizer's step, which is its text. Read-only.

    Attributes:
        alarm: It steps what no gradient reached.
        calls: Numbers of the backward calls since the step before.
    """

    __slots__ = ("alarm", "calls")

    alarm: bool
    calls: tuple[int, ...]

    def __new__(cls, text: str, *, alarm: bool, calls: tuple[int, ...]) -> Self:
        note = super().__new__(cls, text)
        note.alarm, note.calls = alarm, calls
        return note

    def __getnewargs_ex__(self) -> tuple[tuple[str], dict[str, object]]:
        return (str(self),), {"alarm": self.alarm, "calls": self.calls}
