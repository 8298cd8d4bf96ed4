"""Parameters that the later steps of their optimizer leave as they are, though it wrote to them at
first.

torch counts how often a tensor is written to. So a number for each parameter tells of steps that
nobody looked at. It is read once the run has ended, and after ever fewer steps: an optimizer may
be gone by then.
"""

import math
from collections.abc import Container, Iterable, Iterator, Mapping
from itertools import chain
from typing import NamedTuple

from torch import Tensor
from torch.optim import Optimizer

from gradviz.facts.missed import Missed
from gradviz.judging.lodgers import lodgers
from gradviz.recording.torch_inside import version
from gradviz.training.optimizers import Optimizers, parameters_of

_SHARE = 16  # of the steps so far, those until the next after which an optimizer is seen
_OFTEN = 3  # steps: one or two may pass by what is used seldom


class _Write(NamedTuple):
    """The last write of a step to a parameter that was looked at.

    Attributes:
        version: How often the parameter had been written to when the step was over.
        writes: How often the step wrote to it.
        optimizer: Its identity.
        steps: How many it had made by then.
    """

    version: int
    writes: int
    optimizer: int
    steps: int


class _Glimpse(NamedTuple):
    """What an optimizer held as it was last looked at once the calls that are watched were over.

    Attributes:
        steps: How many it had made.
        versions: How often each parameter had been written to, by identity.
        frozen: Those that did not require grad.
    """

    steps: int
    versions: Mapping[int, int]
    frozen: frozenset[int]


class _FinalState(NamedTuple):
    """How parameters stand when nothing more is to come.

    Attributes:
        versions: How often each had been written to, by identity.
        frozen: Those that did not require grad.
        steps: After how many steps of its optimizer one was seen last, where that is gone.
    """

    versions: Mapping[int, int]
    frozen: frozenset[int]
    steps: Mapping[int, int]


_NONE = _Glimpse(0, {}, frozenset())


class LeftBehind:
    """How often each parameter had been written to when a step last wrote to it."""

    def __init__(self) -> None:
        self._before: dict[int, int] = {}
        self._written: dict[int, _Write] = {}  # by identity
        self._seldom: set[int] = set()  # what was written to again after steps without it
        self._last: dict[int, int] = {}  # by optimizer: the last step that was looked at
        self._glimpses: dict[int, _Glimpse] = {}  # by optimizer

    @property
    def moved(self) -> Container[int]:
        """What a step that was looked at has written to, by identity."""
        return self._written.keys()

    def begin_step(self, optimizer: Optimizer) -> None:
        """A step begins that is looked at."""
        self._before = dict(_versions(parameters_of(optimizer)))

    def end_step(self, optimizer: Optimizer, steps: int) -> None:
        """That step is over, the last of so many."""
        own = id(optimizer)
        for key, number in _versions(parameters_of(optimizer)):
            writes = number - self._before.get(key, number)
            if writes > 0:
                if key in self._written and self._written[key].steps < self._last.get(own, 0):
                    self._seldom.add(key)
                self._written[key] = _Write(number, writes, own, steps)
        self._last[own] = steps

    def due(self, optimizer: int, steps: int) -> float:
        """Return the number of the next step after which an optimizer is seen, after so many;
        infinite where it never is.
        """
        if optimizer not in self._last:
            return math.inf
        return min(1 << steps.bit_length(), steps + max(1, steps // _SHARE))

    def see(self, optimizer: Optimizer, steps: int) -> None:
        """An optimizer has made so many steps, and the calls that are watched are over."""
        glimpse = self._glimpses.get(id(optimizer), _NONE)
        if id(optimizer) in self._last and steps >= self.due(id(optimizer), glimpse.steps):
            held = parameters_of(optimizer)
            self._glimpses[id(optimizer)] = _Glimpse(steps, dict(_versions(held)), _frozen(held))

    def renumber(self, optimizer: int, number: int) -> None:
        """Forget what was seen of an optimizer that is gone: another has its identity."""
        self._glimpses.pop(optimizer, None)

    def missed(self, optimizers: Optimizers, names: Mapping[int, str]) -> dict[str, Missed]:
        """Return the parameters that several steps left as they are as they wrote to others, or
        as all that they hold is frozen by now.

        Without those that steps wrote to only now and then while they were looked at, and those
        that lie in one memory: what is written to another of these changes them too.

        Args:
            optimizers: Those that were seen.
            names: Of parameters by identity.
        """
        end = self._at_the_end(optimizers)
        counts: dict[int, dict[int, Missed]] = {}
        for key in end.versions:
            write = self._written.get(key)
            record = None if write is None else optimizers.records.get(write.optimizer)
            if write is None or record is None or key not in record.held:
                continue
            own = self._missed_since(write, key, end, record.steps)
            if own is not None:
                counts.setdefault(write.optimizer, {})[key] = own
        together = _in_one_memory(optimizers, names)
        return {
            names[key]: own
            for held in counts.values()
            for key, own in held.items()
            if own.missed - _fewest(held) >= _OFTEN
            and key in names
            and key not in self._seldom
            and (own.is_frozen or own.as_of is None)
            and names[key] not in together
        }

    def _at_the_end(self, optimizers: Optimizers) -> _FinalState:
        """Return how parameters stand now, or stood when an optimizer now gone was seen last."""
        versions = dict(_versions(optimizers.parameters()))
        alive = frozenset(versions)
        frozen = _frozen(optimizers.parameters())
        steps: dict[int, int] = {}
        for optimizer, record in optimizers.records.items():
            if not record.is_there:
                glimpse = self._glimpses.get(optimizer, _NONE)
                gone = {  # of several that held it, the last to see it tells
                    key
                    for key, number in glimpse.versions.items()
                    if key not in alive and number >= versions.get(key, number)
                }
                frozen -= gone
                steps.update(dict.fromkeys(gone, glimpse.steps))
                frozen |= glimpse.frozen & gone
                versions.update((key, glimpse.versions[key]) for key in gone)
        return _FinalState(versions, frozen, steps)

    def _missed_since(self, write: _Write, key: int, end: _FinalState, steps: int) -> Missed | None:
        """Return how many of an optimizer's steps have left a parameter as it was since a write;
        None where it takes turns: something wrote to it, and no step that was looked at did.
        """
        number, is_frozen = end.versions[key], key in end.frozen
        is_known = write.steps == self._last[write.optimizer] or number == write.version
        if not (is_known or is_frozen):
            return None
        last = end.steps.get(key, steps)
        since = last - write.steps
        # Another optimizer may have written to it too
        count = max(0, since - (number - write.version) // write.writes)
        early = (last, steps) if last < steps else None
        return Missed(count, since, is_frozen=is_frozen, as_of=early)


def _in_one_memory(optimizers: Optimizers, names: Mapping[int, str]) -> set[str]:
    """Return the names of parameters that lie in the memory of others, and of these others."""
    tensors = {names[id(own)]: own for own in optimizers.parameters() if id(own) in names}
    inside = lodgers(tensors)
    return {*inside, *chain.from_iterable(inside.values())}


def _fewest(held: Mapping[int, Missed]) -> int:
    """Return how many steps at least left as it is what is not frozen; 0 where all is."""
    return min((own.missed for own in held.values() if not own.is_frozen), default=0)


def _frozen(parameters: Iterable[Tensor]) -> frozenset[int]:
    return frozenset(id(own) for own in parameters if not own.requires_grad)


def _versions(parameters: Iterable[Tensor]) -> Iterator[tuple[int, int]]:
    for parameter in parameters:
        number = None if parameter.is_inference() else version(parameter)
        if number is not None:
            yield id(parameter), number
