"""What one trial saw, as plain data that travels from the process it ran in. Imports no torch."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Self

from gradviz.errors import GradvizError
from gradviz.reports import Report, read_json
from gradviz.system.plain import decode, encode


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """Why a trial has no report. Read-only.

    Attributes:
        kind: Class of the exception; ``"timeout"`` where time was up, ``"died"`` where the process
            ended early.
        message: Its first line.
        file, line: The innermost line of the user's; empty and 0 where unknown.
    """

    kind: str
    message: str = ""
    file: str = ""
    line: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class CallBits:
    """The bits of one backward call. Read-only.

    Attributes:
        loss: The loss, as hexadecimal digits of its bytes.
        value: The loss as a person reads it.
        gradients: A digest of each parameter's gradient by name; None where it has none.
        finite: No gradient holds NaN or infinity.
    """

    loss: str = ""
    value: str = ""
    gradients: Mapping[str, str | None] = field(default_factory=dict)
    finite: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A module of the model, at the beginning of a backward call. Read-only.

    Attributes:
        path: Its name as reports have it; empty for what runs in no module of the model.
        parent: Number of the module that it lies in; -1 where it lies in none.
        bytes: What autograd keeps of what ran in it, less what ran in modules inside it.
        runs_first, path_in: Where an experiment finds it, as in
            :class:`gradviz.mending.order.Experiment`; -1 and empty where it never ran.
        reached: How many of its parameters the graph of the loss leads to.
    """

    path: str
    parent: int
    bytes: int
    runs_first: int = -1
    path_in: str = ""
    reached: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptMemory:
    """What autograd keeps when a backward call begins. Read-only.

    Attributes:
        parts: Every module, the first for what runs in none.
        file, line, code: Where the call is.
        reached: How many parameters the graph of the loss leads to; of an experiment less those of
            the module that was changed.
    """

    parts: tuple[Part, ...]
    file: str
    line: int
    code: str
    reached: int

    @property
    def bytes(self) -> int:
        return sum(part.bytes for part in self.parts)


@dataclass(frozen=True, kw_only=True)
class TrialOutcome:
    """What became of a step with some source. Read-only.

    Attributes:
        failure: Why it has no report; None where it has one.
        text: The report, as JSON; empty where there is none.
        calls: The bits of every backward call that was watched.
        seconds: How long it ran, from the first line of the user's to the end of the backward.
        peak: The most memory that the process held, in bytes.
        times: Seconds of each run, where the step was timed and not traced.
        saved: Bytes that autograd kept for the backward then; None where that was not counted.
        kept: The same by module, where an experiment asked for it.
    """

    failure: Failure | None = None
    text: str = ""
    calls: tuple[CallBits, ...] = ()
    seconds: float = 0.0
    peak: int = 0
    times: tuple[float, ...] = ()
    saved: int | None = None
    kept: KeptMemory | None = None

    @cached_property
    def report(self) -> Report:
        """The report of the step."""
        return read_json(self.text)

    @property
    def bits(self) -> tuple[object, ...]:
        """What two runs of the same source have in common where the step is repeatable."""
        return tuple((call.loss, tuple(sorted(call.gradients.items()))) for call in self.calls)

    def to_text(self) -> str:
        """Return it as JSON, for another process to read."""
        return json.dumps(encode(self))

    @classmethod
    def from_text(cls, text: str) -> Self:
        """Return what :meth:`to_text` wrote."""
        outcome: Self = decode(cls, json.loads(text), "outcome")
        return outcome


def check(step: str, base: TrialOutcome) -> None:
    """See to it that a step as it is could be run.

    Raises:
        GradvizError: It could not.
    """
    failure = base.failure
    if failure is None:
        return
    where = f" at {failure.file}:{failure.line}" if failure.file else ""
    if failure.kind == "GradvizError":
        raise GradvizError(failure.message)
    if failure.kind == "timeout":
        raise GradvizError(f"{step}: {failure.message}; --timeout gives it more")
    raise GradvizError(f"{step} raised {failure.kind}{where}: {failure.message}")
