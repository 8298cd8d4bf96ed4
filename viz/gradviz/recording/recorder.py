"""What one thread's recording holds: the tape, and what it has to know beside it.

What is done with it stands in functions that take it as their first argument: ``inputs``,
``noting``, ``severing``, ``memory_writes``, and the rules.
"""

import weakref
from collections.abc import Hashable
from functools import partial
from types import FrameType
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from gradviz.recording.backwards.observer import Observer
from gradviz.recording.entries.records import Call
from gradviz.recording.exposed import Exposed
from gradviz.recording.gradients import LeftGradients
from gradviz.recording.kinships import Kinships
from gradviz.recording.outside.escapes import Escapes
from gradviz.recording.reading import where
from gradviz.recording.reading.stacks import Stacks
from gradviz.recording.reading.where import NOWHERE, Spot
from gradviz.recording.step_watch import GradientTouches
from gradviz.recording.tape import Tape
from gradviz.recording.uninterrupted import is_own
from gradviz.recording.unseen import elsewhere
from gradviz.recording.unseen.inner_code import InnerCode

if TYPE_CHECKING:
    from gradviz.recording.reading.switches import Switch


class Recorder:
    """What the recording of one thread knows.

    Attributes:
        tape: What was seen.
        touches: Who changed a gradient.
        failure: Why it stopped watching; empty while it watches. Type and text alone: an exception
            would keep the user's frames alive.
        switch: What switched grad mode off, while it is off.
        switch_inside: The one in a custom Function's forward, for which torch had switched it off
            before.
        switch_before: The one before grad mode was last switched on.
        switch_around: The one that a transform of torch.func was entered in, while it has grad mode
            on for its own layer alone.
        inference_blocks: Those of torch.inference_mode that are entered, the innermost last.
        first_node: Torch's number of the first node that the running call makes.
        grad_at_start: Grad mode was on as the recording began.
        runs_beside: A thread ran already as it began, which may compute what comes in.
        idle: The parameters that nothing used before the script ran unwatched, until this began;
            None where it did not.
        threads: The threads that the step started, by Python's number.
        lock: For one thread at a time, while there are any.
    """

    def __init__(self, tape: Tape, touches: GradientTouches) -> None:
        self.tape = tape
        self.touches = touches
        self.failure = ""
        self.switch: Switch | None = None
        self.switch_inside: Switch | None = None
        self.switch_before: Switch | None = None
        self.switch_around: Switch | None = None
        self.escapes = Escapes(partial(_bundle, tape))
        self.exposed = Exposed()
        self.met = Met()
        self.kinships = Kinships(tape)
        self.familiar: dict[Hashable, int] = {}  # numbers of calls, see familiar.py
        # By number of a value without a history in forward mode: of what its tangent is made, 0 for
        # nothing; empty where no tangent was put beside a value
        self.beside_values: dict[int, int] = {}
        self.inner_code = InnerCode()
        self.stacks = Stacks(tape.module)
        self.observer = Observer(tape)
        self.gradients = LeftGradients(tape)
        self.threads: set[int] = set()
        self.lock: Any = None
        self.inference_blocks: list[Switch] = []
        self.first_node = 0
        self.grad_at_start = torch.is_grad_enabled()
        self.runs_beside = bool(elsewhere.thread_that_may_compute())
        self.idle: frozenset[str] | None = None
        self.escapes.any = self.runs_beside

    def goes_on(self, idle: frozenset[str]) -> None:
        """The script ran unwatched until this; ``idle`` are parameters that nothing used before."""
        self.idle, self.escapes.any = idle, True

    def failed(self, failure: BaseException) -> None:
        """Stop watching, and keep why.

        What a signal handler raised meanwhile is the user's, and goes on.
        """
        self.failure = described(failure)
        self.tape.stopped = True
        if not is_own(failure):
            raise

    def note_nodes(
        self, args: Any, kwargs: Any, outs: tuple[Tensor, ...], last: int, spot: tuple[Any, ...]
    ) -> None:
        """Take note of the line that made the nodes up to a number."""
        self.tape.lines.made(self.first_node, last, spot)

    def came_in(self, *, is_data: bool = False) -> None:
        """Take note that something of unknown origin went in, see ``Tape.came_in``."""
        self.tape.came_in(is_data=is_data)
        if self.runs_beside and not self.tape.beside:
            self.tape.beside = elsewhere.thread_that_may_compute()
        self.tape.idle = self.idle


def spot_of(frame: FrameType) -> Spot:
    """Return the line of a call, outside any module."""
    return Spot._make((*where.quick(frame)[:4], -1))


def described(failure: BaseException) -> str:
    """Return type and text of an exception."""
    return (
        f"{type(failure).__name__}: {str(failure).splitlines()[0] if str(failure) else ''}".rstrip(
            ": "
        )
    )


def _bundle(tape: Tape, sources: tuple[int, ...]) -> int:
    """Return one number for several values that go one way through Python code.

    A loop bundles what each round adds, so that of rounds that say the same it is the same number.
    """
    calls = tape.calls
    inside = calls[sources[-1]].inside
    together = tuple((source, False) for source in sources if calls[source].inside == inside)
    number = 0 if inside is not None else tape.repeated("python", together)
    if not number:
        number = tape.call(Call("python", None, "python", together, NOWHERE, inside=inside))
        if inside is None:
            tape.may_repeat(number, "python")
    return number


# Which memory was met: a tensor over memory that is new may bear what left torch before.


class Met:
    """Which memory was met, for as long as it lives."""

    def __init__(self) -> None:
        self._storages: dict[int, weakref.ref[Any]] = {}

    def is_new(self, tensor: Tensor) -> bool:
        """Take note of a tensor's memory; say whether that is met for the first time."""
        try:
            storage = tensor.untyped_storage()
        except (NotImplementedError, RuntimeError):
            return False
        key = id(storage)
        if key in self._storages:
            return False
        # An interrupt in Python would be lost
        self._storages[key] = weakref.ref(storage, partial(self._storages.pop, key))
        return True

    def forget(self, tensor: Tensor) -> None:
        """Let a tensor's memory be new again, as something beside torch may write it."""
        try:
            self._storages.pop(id(tensor.untyped_storage()), None)
        except (NotImplementedError, RuntimeError):
            return

    def forget_all(self) -> None:
        """Let all memory be new again."""
        self._storages.clear()
