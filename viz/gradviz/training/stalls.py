"""Parameters that an optimizer has moved, and that its steps find without gradient later on.

torch counts how often a tensor is written to, so this reads a number of each, at few steps.
Parameters are known by identity.
"""

from collections.abc import Callable, Container, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain

import torch
from torch import Tensor
from torch.optim import Optimizer

from gradviz.facts.missed import Stopped
from gradviz.graph import Cut, Parameter, Place, Verdict
from gradviz.recording.torch_inside import set_grad_enabled, version
from gradviz.training.optimizers import parameters_of

_OFTEN = 3  # steps: one or two may pass by what is used seldom
_SHARE = 8  # and so much of all steps: what is used now and then is left out for a while


@dataclass(slots=True)
class _Stall:
    """A parameter whose steps are looked at.

    Attributes:
        version: How often it had been written to.
        since: The last step that is known to have left it so.
        calls: How many backward calls had been watched when it was found without gradient; None
            where it was not.
        resumes: It was written to again after that.
    """

    version: int
    since: int
    calls: int | None = None
    resumes: bool = False


class Stalls:
    """What the steps of each optimizer leave as it is."""

    def __init__(self) -> None:
        self._stalls: dict[tuple[int, int], _Stall] = {}  # by the optimizer and the parameter
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

    def begin(self, optimizer: Optimizer, steps: int, moved: Container[int]) -> None:
        """Look from here on at what an optimizer has moved in so many steps."""
        for parameter in parameters_of(optimizer):
            number = _version(parameter)
            if number is not None and id(parameter) in moved:
                self._stalls.setdefault((id(optimizer), id(parameter)), _Stall(number, steps))

    def ask(self, begins_off: Callable[[], Place | None]) -> None:
        """A trace has begun: tell it where something has stalled and autograd is switched off."""
        if self.stalled and not self.grad_mode:
            self.left_at = begins_off()

    def after(self, optimizer: Optimizer, steps: int, calls: int) -> None:
        """Tell of the parameters that have stalled, each of them once, after so many steps and
        backward calls that were watched.
        """
        if self.tell is None:
            return
        count = 0
        for parameter in parameters_of(optimizer):
            stall = self._stalls.get((id(optimizer), id(parameter)))
            if stall is None:
                continue
            _look(stall, parameter, steps)
            passed = steps - stall.since
            is_long = passed >= _OFTEN and passed * _SHARE >= steps
            if is_long and stall.calls is None and _is_left(parameter):
                stall.calls = calls
                count += 1
        if count:
            in_mode(self.grad_mode, partial(self.tell, optimizer, count))

    def stopped(
        self,
        optimizer: int,
        steps: int,
        parameter: Tensor,
        verdicts: Sequence[Parameter | None],
    ) -> Stopped | None:
        """Return that no gradient comes to a parameter any more, to the end; None where that is not
        known, or may be meant.

        Args:
            optimizer: That holds it.
            steps: How many it has made.
            parameter: The parameter.
            verdicts: What each backward call that was watched says of it.
        """
        stall = self._stalls.get((optimizer, id(parameter)))
        if stall is None or stall.calls is None or not _is_left(parameter):
            return None
        _look(stall, parameter, steps)
        later = verdicts[stall.calls :]
        words = {None if own is None else own.verdict for own in later}
        if stall.resumes or words - {Verdict.CUT, Verdict.UNUSED}:
            return None
        if not words and self.left_at is None:
            return None  # steps without a backward may be meant for a schedule
        cut = _common(later)
        return Stopped(
            steps=steps - stall.since,
            is_cut=Verdict.UNUSED not in words,
            cut=cut,
            place=_line_of(cut) if words else self.left_at,
        )


def in_mode(enabled: bool, action: Callable[[], None]) -> None:
    """Do something that may begin a trace in the script's own grad mode."""
    before = torch.is_grad_enabled()
    set_grad_enabled(enabled)
    try:
        action()
    finally:
        set_grad_enabled(before)


def _look(stall: _Stall, parameter: Tensor, steps: int) -> None:
    number = _version(parameter)
    if number != stall.version and number is not None:
        stall.resumes = stall.resumes or stall.calls is not None
        stall.version, stall.since = number, steps


def _common(verdicts: Iterable[Parameter | None]) -> Cut | None:
    """Return a cut with a line that all of some calls have in common; None where there is none."""
    cuts = [own.cuts for own in verdicts if own is not None]
    lines = [{_line_of(cut) for cut in own} for own in cuts]
    return next((cut for cut in chain(*cuts) if all(_line_of(cut) in own for own in lines)), None)


def _line_of(cut: Cut | None) -> Place | None:
    if cut is None or not cut.file:
        return None
    return cut.block or Place(cut.file, cut.line, cut.code)


def _is_left(parameter: Tensor) -> bool:
    """Say whether a parameter is to train, and has no gradient to step by."""
    return parameter.requires_grad and parameter.grad is None


def _version(parameter: Tensor) -> int | None:
    return None if parameter.is_inference() else version(parameter)
