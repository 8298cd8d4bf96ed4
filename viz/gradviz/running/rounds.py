"""Which backward calls an optimizer's step follows."""

from typing import TYPE_CHECKING

from torch.optim import Optimizer

if TYPE_CHECKING:
    from gradviz.running.calls import BackwardCall


class Rounds:
    """The backward calls since the step before, and the steps after them.

    Attributes:
        numbers: Of the calls since the step before.
        batch: Those of them that were reported on.
        most: Calls between two steps, so far.
        has_stepped: Some optimizer has made a step.
        cycle: Calls between the last two steps; None where there were fewer, or of several
            optimizers, of which one may step by what was computed before the step of another.
        judged: The optimizers, by identity, that have stepped since.
        stepping: Those inside whose step we are.
        in_vain: Steps before the first call.
    """

    def __init__(self) -> None:
        self.numbers: list[int] = []
        self.batch: list[BackwardCall] = []
        self.most = 0
        self.has_stepped = False
        self.cycle: int | None = None
        self._optimizers: set[int] = set()  # that have stepped, by identity
        self._since = 0  # calls since the last step
        self.judged: set[int] = set()
        self.stepping: list[int] = []
        self.in_vain = 0

    def called(self, number: int) -> None:
        """A backward call has ended."""
        if self.judged and not self.stepping:
            self._begin()
        self.numbers.append(number)
        self._since += 1
        self.most = max(self.most, len(self.numbers))

    def steps(self, optimizer: Optimizer) -> None:
        """An optimizer is about to step."""
        self.in_vain += self.most == 0
        self.cycle = self._since if self._optimizers == {id(optimizer)} else None
        self._optimizers.add(id(optimizer))
        self._since, self.has_stepped = 0, True
        if id(optimizer) in self.judged:
            self._begin()
        if id(optimizer) in self.stepping:  # its step before was interrupted
            del self.stepping[self.stepping.index(id(optimizer)) :]
        self.stepping.append(id(optimizer))

    def _begin(self) -> None:
        self.numbers, self.batch = [], []
        self.judged.clear()
