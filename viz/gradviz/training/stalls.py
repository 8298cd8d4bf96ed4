"""Parameters that an optimizer has moved, and that its steps find without gradient later on.

torch counts how often a tensor is written to, so this reads a number of each, at few steps. Where
there is a gradient, an even spread of it tells whether that is zero, and all of it where that is.
Parameters are known by identity.
"""

import math
from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor
from torch.optim import Optimizer

from gradviz.facts.evidence import Look
from gradviz.facts.missed import Stopped
from gradviz.graph import Parameter, Place, Verdict
from gradviz.recording.arithmetic.sizes import any_nonzero
from gradviz.recording.torch_inside import is_sharded, set_grad_enabled, version
from gradviz.training.optimizers import parameters_of
from gradviz.training.sampling import Batch, has_values, spread
from gradviz.training.stopping import Stopping, why_stopped

_OFTEN = 3  # steps: one or two may pass by what is used seldom
_AGAIN = 2  # calls that bring gradient, or steps that move: one alone may be how a run begins
_SHARE = 8  # and so much of all steps: what is used now and then is left out for a while
_LONG = 64  # steps without a gradient, of which as many more pass before the next is looked at
_PATIENCE = 16  # of the steps that found zeros in a row, those until the next that is looked at


@dataclass(slots=True)
class _Stall:
    """A parameter whose steps are looked at.

    Attributes:
        version: How often it had been written to.
        since: The last step that is known to have left it so, or not to have found zeros.
        heard: How many backward calls had been watched by then.
        calls: How many backward calls had been watched when it was found without gradient; None
            where it was not.
        resumes: It was written to again after that.
        zeros: How many steps that were looked at have found zeros at it, in a row.
        is_seldom: It was found without zeros after that: it takes turns.
        looked: The last step that was looked at.
        is_left: It was to train then, and had no gradient to step by.
        moves: How often it was found moved.
        is_unseen: The calls after that are not watched: they run in a thread that is not traced.
    """

    version: int
    since: int
    heard: int
    calls: int | None = None
    resumes: bool = False
    zeros: int = 0
    is_seldom: bool = False
    looked: int = 0
    is_left: bool = False
    moves: int = 1
    is_unseen: bool = False

    @property
    def patience(self) -> int:
        """How many steps there are from one that is looked at to the next; 0 where none is due."""
        if self.zeros:
            return max(1, self.zeros // _PATIENCE)
        is_due = self.calls is not None and self.is_left and not self.resumes
        return max(1, (self.looked - self.since) // _LONG) if is_due else 0


class Stalls:
    """What the steps of each optimizer leave as it is."""

    def __init__(self) -> None:
        self._stalls: dict[tuple[int, int], _Stall] = {}  # by the optimizer and the parameter
        self._heard: dict[int, int] = {}  # calls by the step of an optimizer that was looked at
        self.tell: Callable[[Optimizer, int], None] | None = None  # that so many have stalled
        self.grad_mode = True  # of the script, as the last step that was looked at began
        self.left_at: Place | None = None  # the line that has left autograd switched off

    def keep(self, alive: Container[int]) -> None:
        """Forget all parameters but these."""
        self._stalls = {key: own for key, own in self._stalls.items() if key[1] in alive}

    def renumber(self, optimizer: int, number: int) -> None:
        """Let what was seen of an optimizer be of a number: another may get its identity."""
        for key in [key for key in self._stalls if key[0] == optimizer]:
            self._stalls[number, key[1]] = self._stalls.pop(key)

    @property
    def stalled(self) -> frozenset[int]:
        """What has stalled at some time."""
        return frozenset(key for (_, key), own in self._stalls.items() if own.calls is not None)

    def unseen(self, optimizer: Optimizer) -> None:
        """What has stalled by now steps in a thread that is not traced."""
        for (own, _), stall in self._stalls.items():
            if own == id(optimizer) and stall.calls is not None:
                stall.is_unseen = True

    def begin(self, optimizer: Optimizer, steps: int, calls: int, moved: Container[int]) -> None:
        """Look from here on at what an optimizer has moved in so many steps, after so many backward
        calls.
        """
        self._heard[id(optimizer)] = calls
        for parameter in parameters_of(optimizer):
            number = _version(parameter)
            if number is not None and id(parameter) in moved:
                stall = _Stall(number, steps, calls)
                self._stalls.setdefault((id(optimizer), id(parameter)), stall)

    def ask(self, begins_off: Callable[[], Place | None]) -> None:
        """A trace has begun: tell it where something has stalled and autograd is switched off."""
        if self.stalled and not self.grad_mode:
            self.left_at = begins_off()

    def due(self, optimizer: int, steps: int) -> float:
        """Return the number of the next step that is looked at, after so many, for what steps find
        no gradient at, or zeros; infinite where there is none.
        """
        rests = [own.patience for (key, _), own in self._stalls.items() if key == optimizer]
        return steps + min((rest for rest in rests if rest), default=math.inf)

    def after(self, optimizer: Optimizer, steps: int, calls: int) -> None:
        """Tell of the parameters that have stalled, each of them once, after so many steps and
        backward calls that were watched.
        """
        count = 0
        heard = self._heard.get(id(optimizer), calls)
        self._heard[id(optimizer)] = calls
        pairs = [
            (parameter, stall)
            for parameter in parameters_of(optimizer)
            if (stall := self._stalls.get((id(optimizer), id(parameter)))) is not None
        ]
        zeros = _zeros([parameter for parameter, _ in pairs])
        for parameter, stall in pairs:
            is_zero = zeros.get(id(parameter), False)
            _look(stall, parameter, steps, calls, zero=(steps - 1, heard) if is_zero else None)
            passed = steps - stall.since
            stall.looked, stall.is_left = steps, _is_left(parameter, stall)
            is_long = passed >= _OFTEN and passed * _SHARE >= steps
            if is_long and stall.calls is None and stall.is_left:
                stall.calls = calls
                count += 1
        if count and self.tell is not None:
            in_mode(self.grad_mode, partial(self.tell, optimizer, count))

    def stopped(
        self,
        optimizer: int,
        steps: int,
        parameter: int,
        tensor: Tensor | None,
        verdicts: Mapping[int, Parameter | None],
        looks: Sequence[tuple[int, Look]] = (),
    ) -> Stopped | None:
        """Return that no gradient comes to a parameter any more, to the end; None where that is not
        known, or may be meant.

        Args:
            optimizer: That holds it.
            steps: How many it has made.
            parameter: The identity of the parameter.
            tensor: The parameter; None where it is gone.
            verdicts: What each backward call that was watched says of it, by its number.
            looks: Its steps that were looked at, each with how many such calls came before.
        """
        stall = self._stalls.get((optimizer, parameter))
        if stall is None or stall.calls is None:
            return None
        if tensor is not None:
            stall.is_left = _is_left(tensor, stall)
            if not (stall.zeros and tensor.grad is None):  # else it was seen not long ago
                _look(stall, tensor, steps, max(verdicts, default=0))
        last = steps if tensor is not None else stall.looked
        passed = last - stall.since
        if stall.resumes or not stall.is_left or (steps - last) * _SHARE > passed:
            return None
        stopping = self._stopping(stall, verdicts, looks)
        if stopping is None:
            return None  # steps without a backward may be meant for a schedule
        return Stopped(
            steps=passed,
            as_of=(last, steps) if last < steps else None,
            why=stopping.why,
            has_zeros=stall.zeros > 0,
            cut=stopping.cut,
            place=stopping.place,
        )

    def _stopping(
        self,
        stall: _Stall,
        verdicts: Mapping[int, Parameter | None],
        looks: Sequence[tuple[int, Look]],
    ) -> Stopping | None:
        """Return why no gradient comes any more; None where it came too seldom before to tell."""
        earlier = [own for number, own in verdicts.items() if number <= stall.heard]
        reached = sum(own is not None and own.verdict is Verdict.REACHED for own in earlier)
        if max(reached, stall.moves) < _AGAIN:
            return None
        later = {number: own for number, own in verdicts.items() if number > stall.heard}
        if not later and self.left_at is not None:
            return Stopping("cut", place=self.left_at)
        if not later and stall.is_unseen:
            return Stopping("unseen")
        since = [(number, look) for number, look in looks if number > stall.heard]
        return why_stopped(later, since, earlier)


def in_mode(enabled: bool, action: Callable[[], None]) -> None:
    """Do something that may begin a trace in the script's own grad mode."""
    before = torch.is_grad_enabled()
    set_grad_enabled(enabled)
    try:
        action()
    finally:
        set_grad_enabled(before)


def _look(
    stall: _Stall,
    parameter: Tensor,
    steps: int,
    calls: int,
    *,
    zero: tuple[int, int] | None = None,
) -> None:
    """Look at a parameter after so many steps and calls.

    Args:
        stall: What is known of it.
        parameter: The parameter.
        steps, calls: Their numbers.
        zero: Those at the step before, where this one has found zeros.
    """
    number = _version(parameter)
    is_written = number is not None and number != stall.version
    if zero is not None and not stall.is_seldom:
        if is_written and not stall.zeros:
            stall.since, stall.heard = zero
        stall.zeros += 1
    elif is_written and not (stall.zeros and _has_zeros(parameter)):
        stall.resumes = stall.resumes or stall.calls is not None
        stall.is_seldom = stall.is_seldom or stall.zeros > 0
        stall.since, stall.heard, stall.zeros = steps, calls, 0
        stall.moves += 1
    stall.version = stall.version if number is None else number


def _zeros(parameters: Sequence[Tensor]) -> Mapping[int, bool]:
    """Say of some parameters, by identity, whether their gradient is there and all zero."""
    there = [
        parameter
        for parameter in parameters
        if parameter.grad is not None and _is_readable(parameter.grad)
    ]
    samples = Batch([spread(parameter.grad) for parameter in there if parameter.grad is not None])
    return {
        id(parameter): not bool(sample.any()) and _has_zeros(parameter)
        for parameter, sample in zip(there, samples.read(), strict=True)
    }


def _has_zeros(parameter: Tensor) -> bool:
    gradient = parameter.grad
    return gradient is not None and _is_readable(gradient) and any_nonzero(gradient) is False


def _is_readable(gradient: Tensor) -> bool:
    return not is_sharded(gradient) and has_values(gradient)


def _is_left(parameter: Tensor, stall: _Stall) -> bool:
    """Say whether a parameter is to train, and has no gradient to step by."""
    if not parameter.requires_grad:
        return False
    return parameter.grad is None or (stall.zeros > 0 and _has_zeros(parameter))


def _version(parameter: Tensor) -> int | None:
    return None if parameter.is_inference() else version(parameter)
