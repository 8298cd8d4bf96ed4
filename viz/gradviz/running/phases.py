"""Later phases of a run: another optimizer, after the backward calls that were watched.

``ae`` is pretrained, then ``clf`` is trained; ``fit(teacher)``, then ``fit(student)``, which is
smaller; a critic steps six times before its generator does. Five folds of one model are one phase.
Nothing is asked meanwhile: what makes an optimizer and what first steps one say so.
"""

import functools
import sys
import threading
from collections.abc import Callable
from types import FrameType
from typing import TYPE_CHECKING, Any

from torch.optim import Optimizer

from gradviz.recording import torch_inside
from gradviz.recording.seams.seam import Seam
from gradviz.render.sentences import counted
from gradviz.running.functional import line_of
from gradviz.system.frames import leave_out_caller, uncounted
from gradviz.tracing.trace import is_traced
from gradviz.training.optimizers import OptimizerRecord, parameters_of, shapes_of, spot_of
from gradviz.training.watch import StepWatch

if TYPE_CHECKING:
    from gradviz.recording.reading.where import Spot

_MOST = 4  # later phases of a run
_Shapes = tuple[tuple[int, ...], ...]
_Begins = Callable[[Optimizer, FrameType, str], None]


class Phases:
    """What tells of a later phase, from :meth:`await_next` on to :meth:`end`.

    Args:
        training: What optimizers do.
        guarded: Calls a function, and lets no failure of it reach the script.
        begins: Is called with the optimizer, the frame that made it or steps it, and what happened
            in words.
    """

    def __init__(self, training: StepWatch, guarded: Callable[..., None], begins: _Begins) -> None:
        self._training = training
        self._guarded = guarded
        self._begins = begins
        self._thread = threading.get_ident()
        self._number = 0
        # Lines that made optimizers, with the shapes of what each of these held
        self._lines: dict[Spot, set[_Shapes]] = {}
        self._trained: set[int] = set()  # identities of what these held
        self._waiting: list[OptimizerRecord] = []  # optimizers that have made no step so far
        self._seam: Seam | None = None

    def await_next(self) -> None:
        """Wait for the next phase; not for ever more of them."""
        if self._seam is not None or self._number >= _MOST:
            return
        records = self._training.optimizers.records.values()
        self._waiting = [record for record in records if not record.steps]
        for record in records:
            self._trained.update(record.held)
            if record.spot is not None:
                self._lines.setdefault(record.spot, set()).add(record.shapes)
        self._seam = Seam.over(Optimizer, "__init__", self._making(Optimizer.__init__))
        self._seam.put_in()
        self._training.late = self._steps_late
        self._training.stalls.tell = self._stalls
        self._training.grown = self._grows

    def end(self) -> None:
        """Wait no longer."""
        self._training.late = self._training.stalls.tell = self._training.grown = None
        if self._seam is not None:
            self._seam.take_out()
            self._seam = None

    def _making(self, original: Callable[..., None]) -> Callable[..., None]:
        @uncounted
        @functools.wraps(original)
        def making(*args: Any, **kwargs: Any) -> None:
            try:
                original(*args, **kwargs)
            except BaseException as error:
                leave_out_caller(error)
                raise
            if self._seam is not None and args and isinstance(args[0], Optimizer):
                self._guarded(self._made, args[0], sys._getframe(1))

        return making

    def _made(self, optimizer: Optimizer, frame: FrameType) -> None:
        spot = spot_of(frame)
        if spot is None or not self._is_free():
            return
        held, shapes = set(map(id, parameters_of(optimizer))), shapes_of(optimizer)
        before = self._lines.setdefault(spot, set())
        is_new = shapes not in before or held & self._training.names.keys() - self._trained
        before.add(shapes)
        self._trained |= held
        if is_new:
            what = type(optimizer).__name__
            self._begin(optimizer, frame, f"{what} is made{line_of(frame)}")

    def _steps_late(self, optimizer: Optimizer) -> None:
        """An optimizer has made its first step after the calls that were watched."""
        frame = sys._getframe(1)
        record = self._training.optimizers.record(optimizer)
        is_known = any(waiting is record for waiting in self._waiting)
        if is_known and self._is_free():
            name = self._training.optimizers.name_of(id(optimizer))
            self._begin(optimizer, frame, f"{name} steps for the first time{line_of(frame)}")

    def _stalls(self, optimizer: Optimizer, parameters: int) -> None:
        """Steps of an optimizer find no gradient any more at some of what they have moved."""
        if self._is_free():
            name = self._training.optimizers.name_of(id(optimizer))
            which = counted(parameters, "parameter")
            event = f"{name} finds no gradient any more at {which} that it has moved"
            self._begin(optimizer, sys._getframe(1), event)
        elif threading.get_ident() != self._thread:
            self._training.stalls.unseen(optimizer)

    def _grows(self, optimizer: Optimizer, parameters: int) -> None:
        """A model has got parameters that gradient comes to."""
        if self._is_free():
            event = f"{counted(parameters, 'parameter')} came into a model"
            self._begin(optimizer, sys._getframe(1), event)

    def _is_free(self) -> bool:
        """Say whether a trace can begin here: another may be on, or a mode that ends before it."""
        return (
            threading.get_ident() == self._thread
            and torch_inside.modes_that_end() == 0
            and not is_traced()
        )

    def _begin(self, optimizer: Optimizer, frame: FrameType, event: str) -> None:
        self._number += 1
        self.end()
        self._guarded(self._begins, optimizer, frame, event)
