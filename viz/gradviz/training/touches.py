"""Who changed a gradient between its arrival and the step, and who wrote into a parameter beside
optimizers, told by the trace, which sees every torch call of its thread.
"""

from collections import Counter
from collections.abc import Container, Iterable, Mapping
from types import FrameType
from typing import Any

from torch import Tensor, nn

from gradviz.facts.evidence import Touch
from gradviz.graph import Place
from gradviz.recording import torch_inside
from gradviz.recording.reading import where
from gradviz.recording.reading.where import NOWHERE, Spot
from gradviz.training.beside import BesideModels
from gradviz.training.hand_writes import HandWrites
from gradviz.training.leaf_hooks import write_of_hook
from gradviz.training.sampling import has_values, spread

_WRITES = ("zero_", "copy_")
_ZEROES = ("zero_", f"{torch_inside.FOREACH}zero_")
_REPLACES = frozenset(
    ("grad", "fill_", *_WRITES, *(f"{torch_inside.FOREACH}{name}" for name in _WRITES))
)
_UPDATE = 0.5  # of a parameter's size: more than a step changes of one that is not about zero


class Touches:
    """The last call that changed each gradient since it arrived."""

    def __init__(self) -> None:
        # Identity of the parameter, by the address of its gradient
        self._owner: dict[int, int] = {}
        self._lies: dict[int, int] = {}  # the way back
        self._last: dict[int, tuple[str, Spot]] = {}
        self._mixed: set[int] = set()  # what several lines have changed since it arrived
        self._backward: Spot | None = None  # the last, where no optimizer has stepped since
        self._brought: set[int] = set()  # what backward calls have reached since a step
        self._cleared: dict[int, Spot] = {}
        self._dropped: dict[int, Spot] = {}  # lines that set a gradient to None
        # Lines that cleared what a backward had brought before the next began, none of them between
        # that backward and a step, and how many times
        self._discarded: dict[int, tuple[Spot, int]] = {}
        self._read: set[int] = set()  # whose gradient somebody took, who may use it yet
        self.beside = BesideModels()
        # The same of the values of parameters
        self._holder: dict[int, int] = {}
        self._written: dict[int, Spot] = {}
        self._numels: dict[int, int] = {}
        self.by_hand = HandWrites()
        self._laid: dict[int, tuple[int, Spot]] = {}  # where each lies, and the line it was laid by
        self._aside: dict[int, tuple[Tensor, Spot]] | None = None  # as :meth:`begin_step` says
        self._times: Counter[int] = Counter()  # that a step wrote into a parameter

    def keep(self, alive: Container[int]) -> None:
        """Forget all parameters but these, given by identity: others may get that of one gone."""
        for addresses in (self._owner, self._lies, self._holder):
            addresses.clear()
        self.by_hand.keep(alive)
        self._brought = {key for key in self._brought if key in alive}
        for kept in (
            self._last,
            self._cleared,
            self._dropped,
            self._written,
            self._discarded,
            self._laid,
        ):
            for key in [key for key in kept if key not in alive]:
                del kept[key]

    def __bool__(self) -> bool:
        return bool(self._owner) or bool(self._holder)

    def arrived(self, parameters: Iterable[Tensor]) -> None:
        """Take note of the gradients that a backward has left, and of where they
        are from now on.
        """
        self._owner.clear()
        self._lies.clear()
        for parameter in parameters:
            if parameter.grad is not None:
                self._own(parameter, parameter.grad)

    def hold(self, parameters: Iterable[Tensor]) -> None:
        """Take note of where parameters are from now on."""
        held = {_pointer(parameter): parameter for parameter in parameters}
        held.pop(0, None)
        self._holder = {pointer: id(parameter) for pointer, parameter in held.items()}
        self._numels = {id(parameter): parameter.numel() for parameter in held.values()}
        self.by_hand.begin_round()

    def forget(self, parameters: Iterable[Tensor], backward: Spot | None = None) -> None:
        """Gradient has arrived anew: what was done to it before does not matter any more.

        Unless it was cleared by a line that follows the backward in the same function, before any
        step: that line may clear what arrives now too, when nobody looks. Of a parameter that no
        backward since the step had reached, there was nothing to clear.
        """
        if self._backward is None:
            self._discarded.clear()
        parameters = list(parameters)
        keys = set(map(id, parameters))
        for key in keys:
            operation, spot = self._last.pop(key, ("", NOWHERE))
            self._mixed.discard(key)
            if operation not in _REPLACES or self._backward is None or key not in self._brought:
                continue
            if _follows(spot, self._backward):
                self._cleared[key] = spot
            elif key in self._read or self._aside is not None:  # a step's closure runs for it
                continue
            elif operation in _ZEROES or self._dropped.get(key) is spot:
                self._discarded[key] = spot, self._discarded.get(key, (spot, 0))[1] + 1
        for parameter in parameters:
            if (write := write_of_hook(parameter)) is not None:
                self._last[id(parameter)] = write
        self._backward = backward
        self._brought |= keys
        self._read.clear()

    def read(self, parameter: Tensor) -> None:
        """``parameter.grad`` was taken: what is cleared from here on may not be lost."""
        self._read.add(id(parameter))
        self.beside.taken((parameter,))

    def used(self) -> None:
        """An optimizer steps: whoever clears gradients from here on clears what was used."""
        self._backward = None
        self._brought.clear()

    def cleared_at(self, parameter: int) -> Place | None:
        """Return the line that cleared a gradient, by the identity of its parameter, between two
        backward calls without a step between them; None where none was seen.
        """
        spot = self._cleared.get(parameter)
        return None if spot is None else spot.place

    def discarded_at(self, parameters: Iterable[Tensor], times: int) -> Place | None:
        """Return the line that cleared the gradient of all of some parameters before each of the
        backward calls since a step but the first, so many times; None where there is no such line.
        """
        lines = {
            self._discarded.get(id(parameter), (NOWHERE, 0))
            for parameter in parameters
            if parameter.requires_grad
        }
        ((spot, count),) = lines if len(lines) == 1 else ((NOWHERE, 0),)
        return (spot.calling_place or spot.place) if count == times > 0 else None

    def dropped_at(self, parameter: int) -> Place | None:
        """Return the line that last set the ``.grad`` of a parameter, given by its identity, to
        None; None where none did.
        """
        spot = self._dropped.get(parameter)
        return None if spot is None else spot.calling_place or spot.place

    def replaced(self, parameter: Tensor, frame: FrameType) -> None:
        """``parameter.grad`` was assigned to. What lay there may be anything's memory by now."""
        self.beside.taken((parameter,))
        self._touched(id(parameter), "grad", frame)
        before = self._lies.pop(id(parameter), 0)
        if self._owner.get(before) == id(parameter):
            del self._owner[before]
        if parameter.grad is not None:
            self._own(parameter, parameter.grad)
        else:
            self._dropped[id(parameter)] = self._last[id(parameter)][1]

    def wrote(self, target: Tensor, operation: str, frame: FrameType) -> None:
        """A tensor was written into; it may be a gradient, or a parameter."""
        pointer = _pointer(target)
        owner = self._owner.get(pointer)
        if owner is not None:
            self._touched(owner, operation, frame)
        holder = self._holder.get(pointer)
        if (owner is not None and holder is None) or where.is_optimizer(frame.f_code.co_filename):
            return
        if holder is not None:
            self._write(holder, target, operation, frame)
        elif self._aside is not None and has_values(target):
            with torch_inside.without_torch_function():
                values = spread(target).clone()
            self._aside[pointer] = values, Spot._make((*where.quick(frame)[:4], -1))

    def moved(self, target: Tensor, frame: FrameType) -> None:
        """``target.data`` was assigned to: it may be a parameter, which lies elsewhere now."""
        if isinstance(target, nn.Parameter):
            spot = Spot._make((*where.quick(frame)[:4], -1))
            self._laid[id(target)] = _pointer(target), spot
        pointer = next((own for own, key in self._holder.items() if key == id(target)), 0)
        if pointer and not where.is_optimizer(frame.f_code.co_filename):
            del self._holder[pointer]
            self._holder[_pointer(target) or pointer] = id(target)
            self._write(id(target), target, "data", frame)

    def laid_at(self, parameter: Tensor) -> Place | None:
        """Return the line that assigned the ``.data`` that a parameter has; None where none did."""
        pointer, spot = self._laid.get(id(parameter), (0, NOWHERE))
        return (spot.calling_place or spot.place) if pointer == _pointer(parameter) else None

    def begin_step(self) -> None:
        """From here to :meth:`end_step`, take note of what is no parameter and is written into, by
        where it lies: what it holds then, and the line.
        """
        self._aside = {}
        self._times.clear()

    def end_step(
        self, parameters: Iterable[Tensor], states: Iterable[Tensor]
    ) -> dict[int, tuple[Spot, bool]]:
        """Return for each parameter, by identity, the line of the step that wrote last into it, and
        that this was not the first that did; else the one that wrote into a copy of it.

        Args:
            parameters: Those of the step.
            states: What the optimizer keeps, which it is meant to write into.
        """
        aside, self._aside = self._aside or {}, None
        for kept in states if aside else ():
            aside.pop(_pointer(kept), None)
        lines: dict[int, tuple[Spot, bool]] = {}
        looked_for = []
        for parameter in parameters:
            times = self._times[id(parameter)]
            written = aside.pop(_pointer(parameter), None) if aside and not times else None
            spot = self._written.get(id(parameter)) if times else written and written[1]
            if spot is not None:
                lines[id(parameter)] = spot, times > 1
            else:
                looked_for.append(parameter)
        for parameter in looked_for if aside else ():
            spot = next((spot for own, spot in aside.values() if _is_copy(own, parameter)), None)
            if spot is not None:
                lines[id(parameter)] = spot, False
        return lines

    def writes(self) -> dict[int, Spot]:
        """Return which line last wrote into each parameter, by identity, and is none of torch's
        optimizers.
        """
        return dict(self._written)

    def written_since(self, before: Mapping[int, Spot]) -> dict[int, Spot]:
        """Return those that wrote since :meth:`writes` was as given."""
        return {key: spot for key, spot in self._written.items() if before.get(key) is not spot}

    def written_at(self, parameter: int) -> Place | None:
        """Return the line that moves a parameter, given by its identity, and is no optimizer's;
        None where none was seen.
        """
        spot = self.by_hand.line_of(parameter) or self._written.get(parameter)
        return None if spot is None else spot.calling_place or spot.place

    def take(self, parameter: int) -> Touch | None:
        """Return the last touch of a parameter's gradient, by the parameter's identity, and forget
        it.
        """
        touched = self._last.pop(parameter, None)
        if touched is None:
            return None
        operation, spot = touched
        alone = parameter not in self._mixed
        self._mixed.discard(parameter)
        return Touch(
            operation=operation,
            alone=alone,
            scales=operation not in _REPLACES,
            place=spot.calling_place or spot.place,
        )

    def _write(self, parameter: int, target: Tensor, operation: str, frame: FrameType) -> None:
        spot = self._written[parameter] = Spot._make((*where.quick(frame)[:4], -1))
        self._times[parameter] += 1
        if self._aside is None:  # else an optimizer's step writes
            is_whole = target.numel() == self._numels.get(parameter)
            with torch_inside.without_torch_function():
                self.by_hand.wrote(parameter, spot, operation, target if is_whole else None)

    def _own(self, parameter: Tensor, gradient: Any) -> None:
        pointer = _pointer(gradient)
        if pointer:
            self._owner[pointer] = id(parameter)
            self._lies[id(parameter)] = pointer

    def _touched(self, parameter: int, operation: str, frame: FrameType) -> None:
        spot = Spot._make((*where.quick(frame)[:4], -1))
        _, before = self._last.get(parameter, ("", spot))
        if (before.code, before.lasti) != (spot.code, spot.lasti):
            self._mixed.add(parameter)
        self._last[parameter] = operation, spot


def _follows(spot: Spot, backward: Spot) -> bool:
    return spot.code is backward.code and spot.lasti > backward.lasti


def _is_copy(values: Tensor, parameter: Tensor) -> bool:
    """Say whether an even spread of values is about that of a parameter, in whatever order: of a
    copy that an update was written into, and of no update itself.
    """
    if not has_values(parameter):
        return False
    own = spread(parameter)
    if values.shape != own.shape or values.device != own.device:
        return False
    own, values = own.double().sort().values, values.double().sort().values
    return bool((values - own).norm() <= _UPDATE * own.norm() > 0)


def _pointer(tensor: Tensor) -> int:
    """Return where a tensor's first element lies, which tells it from others also where it is an
    alias; 0 where it has no memory.
    """
    if isinstance(tensor, Tensor) and torch_inside.is_opaque(tensor):
        return 0
    try:
        return int(tensor.data_ptr())
    except (RuntimeError, NotImplementedError, AttributeError):
        return 0
