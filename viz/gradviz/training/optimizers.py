"""The optimizers that were made or have stepped: what each holds, and how often it stepped."""

import itertools
import weakref
from collections.abc import Callable, Container, Iterator, Mapping
from dataclasses import dataclass, field
from types import FrameType
from typing import Any

from torch import Tensor
from torch.optim import Optimizer

from gradviz.recording.groups import is_read_once, parameters_in
from gradviz.recording.reading import where
from gradviz.recording.reading.bindings import assigned_variable
from gradviz.recording.reading.where import USER, Spot, level
from gradviz.training.last_step import LastStep
from gradviz.training.rates import Rates

_AGAIN = 3  # steps: one or two may be by the way


@dataclass(slots=True)
class OptimizerRecord:
    """An optimizer. It is held weakly.

    Attributes:
        kind: Its class.
        spot: The line that made it.
        born: When it was made, in the order of things made.
        steps: That it made.
        skipped: That GradScaler left out.
        held: Identities of the parameters it holds.
        shapes: Their shapes.
        empty: How many of its groups hold nothing.
        begun: Something else had read from the generator that it was given, or will have.
        scheduled: A scheduler of torch has it.
        next_look: The next step that is looked at, once the calls that are watched are over.
        nests: Its step calls that of its parent class, which torch tells of too.
        rates: At which of its steps the learning rate of each group was above 0.
    """

    optimizer: weakref.ref[Optimizer]
    kind: str
    spot: Spot | None = None
    born: int | None = None
    steps: int = 0
    skipped: int = 0
    at_scaler: int = 0  # steps when a GradScaler last was done with it
    held: tuple[int, ...] = ()
    shapes: tuple[tuple[int, ...], ...] = ()
    empty: int = 0
    begun: bool = False
    scheduled: bool = False
    next_look: float = 0
    nests: bool = False
    rates: Rates = field(default_factory=Rates)

    def update(self) -> None:
        """See what it holds now."""
        optimizer = self.optimizer()
        if optimizer is not None:
            groups = optimizer.param_groups
            self.begun = self.begun or any(map(is_read_once, groups))
            self.empty = sum(not group["params"] for group in groups)
            # Which every scheduler of torch sets
            self.scheduled = any("initial_lr" in group for group in optimizer.param_groups)
            self.held = tuple(dict.fromkeys(map(id, parameters_of(optimizer))))
            self.shapes = shapes_of(optimizer)
            self.rates.look(optimizer)

    @property
    def is_there(self) -> bool:
        """It still exists."""
        return self.optimizer() is not None


class Optimizers:
    """The records of all optimizers, by identity, and what they are called.

    One that is gone gets a number of its own as soon as another has its identity: of each line that
    made such, the last.
    """

    def __init__(self, renumbered: Callable[[int, int], None]) -> None:
        """``renumbered`` is told of the identity that a record had, and of its number."""
        self.records: dict[int, OptimizerRecord] = {}
        self.last_step = LastStep()
        self._names: dict[int, str] = {}
        self._renumbered = renumbered
        self._numbers = itertools.count(-1, -1)
        self._gone: dict[Spot | None, int] = {}  # by the line that made it

    def record(self, optimizer: Optimizer) -> OptimizerRecord:
        """Return the record of an optimizer, a new one where there was none."""
        record = self.records.get(id(optimizer))
        if record is not None and record.optimizer() is not optimizer:
            self._set_aside(id(optimizer))
            record = None
        if record is None:
            record = self.records[id(optimizer)] = OptimizerRecord(
                weakref.ref(optimizer), type(optimizer).__name__
            )
        return record

    def stepped(self, optimizer: Optimizer, record: OptimizerRecord) -> None:
        """An optimizer has made a step; ``record`` is its own."""
        record.steps += 1
        self.last_step.took(optimizer)

    def repeated_by(self, optimizer: int) -> list[int]:
        """Return the optimizers, made before one, that hold all that it holds and step as often."""
        own = self.records[optimizer]
        if own.steps < _AGAIN or own.born is None:
            return []
        return [
            key
            for key, other in self.records.items()
            if (other.held, other.steps) == (own.held, own.steps)
            and other.born is not None
            and other.born < own.born
        ]

    def knows(self, optimizer: Optimizer) -> bool:
        """Say whether there is a record of an optimizer."""
        record = self.records.get(id(optimizer))
        return record is not None and record.optimizer() is optimizer

    def _set_aside(self, key: int) -> None:
        record, number = self.records.pop(key), next(self._numbers)
        self.records.pop(self._gone.get(record.spot, 0), None)
        self._gone[record.spot] = number
        self.records[number] = record
        if key in self._names:
            self._names[number] = self._names.pop(key)
        self._renumbered(key, number)

    def made(self, optimizer: Optimizer, frame: FrameType | None, moment: int) -> None:
        """An optimizer was made at the line that a frame stands at, or at the one that called the
        ``__init__`` of its class there.
        """
        record = self.record(optimizer)
        record.update()
        record.rates.began(optimizer)
        record.spot = spot_of(_maker(optimizer, frame))
        record.born = moment

    def name_of(self, key: int) -> str:
        """Return what an optimizer is called, by its identity: its class where nothing is known."""
        return self._names.get(key) or self.records[key].kind

    def named(self, optimizers: Mapping[str, Optimizer]) -> dict[str, Optimizer]:
        """Take note of what optimizers are called, and return them by these names.

        One that is known only as an element of a list is called as the variable that it was made
        for: ``opt_d`` for ``self.optimizers[1]``.
        """
        named: dict[str, Optimizer] = {}
        for name, optimizer in optimizers.items():
            record = self.record(optimizer)
            record.update()
            own = _variable(record.spot) if name.endswith("]") else ""
            called = name if not own or own in optimizers or own in named else own
            named[called] = optimizer
            self._names[id(optimizer)] = called
        return named

    def scaled(self, optimizer: Optimizer) -> bool:
        """A GradScaler is done with the step of an optimizer. Return whether it left it out."""
        record = self.record(optimizer)
        left_out = record.steps == record.at_scaler
        record.skipped += left_out
        record.at_scaler = record.steps
        return left_out

    def keep(self, alive: Container[int]) -> None:
        """Take what optimizers that are gone held, but for these parameters, given by identity, for
        parameters that nobody has: others may get the identity of one gone.
        """
        gone = itertools.count(-1, -1)
        for record in self.records.values():
            record.held = tuple(key if key in alive else next(gone) for key in record.held)

    def parameters(self) -> Iterator[Tensor]:
        """Yield what the optimizers that are still there hold."""
        for record in list(self.records.values()):
            optimizer = record.optimizer()
            if optimizer is not None:
                yield from parameters_of(optimizer)

    @property
    def steps(self) -> int:
        """How many steps were seen."""
        return sum(record.steps for record in self.records.values())

    @property
    def has_skipped(self) -> bool:
        """Whether a GradScaler has left out a step."""
        return any(record.skipped for record in self.records.values())

    @property
    def has_settled(self) -> bool:
        """Whether a GradScaler has left out steps, of losses it made too large, and has settled."""
        return any(record.skipped and record.steps for record in self.records.values())

    @property
    def all_stepped(self) -> bool:
        """Whether every optimizer that is still there and holds something has made a step, or had
        one left out.
        """
        return all(
            record.steps or record.skipped
            for record in self.records.values()
            if record.is_there and record.held
        )


def parameters_of(optimizer: Optimizer) -> list[Tensor]:
    """Return what an optimizer holds, group by group."""
    return [parameter for group in optimizer.param_groups for parameter in parameters_in(group)]


def held_with_groups(optimizer: Optimizer) -> list[tuple[Tensor, dict[str, Any]]]:
    """Return the parameters that an optimizer holds, each once, with their groups."""
    pairs = {
        id(parameter): (parameter, group)
        for group in optimizer.param_groups
        for parameter in parameters_in(group)
    }
    return list(pairs.values())


def states_of(optimizer: Optimizer) -> list[Tensor]:
    """Return the tensors that an optimizer keeps for its parameters."""
    return [
        kept
        for own in optimizer.state.values()
        if isinstance(own, Mapping)
        for kept in own.values()
        if isinstance(kept, Tensor)
    ]


def shapes_of(optimizer: Optimizer) -> tuple[tuple[int, ...], ...]:
    """Return the shapes of what an optimizer holds, group by group."""
    return tuple(tuple(parameter.shape) for parameter in parameters_of(optimizer))


def spot_of(frame: FrameType | None) -> Spot | None:
    """Return the line that a frame stands at."""
    return None if frame is None else Spot._make((*where.quick(frame)[:4], -1))


def _maker(optimizer: Optimizer, frame: FrameType | None) -> FrameType | None:
    """Return the frame that made an optimizer, given that of it which runs its ``__init__``."""
    while frame is not None and frame.f_code.co_name == "__init__" and frame.f_code.co_argcount:
        own = frame.f_code.co_varnames[0]
        if where.variables(frame, own).get(own) is not optimizer:
            break
        frame = frame.f_back
    return frame


def _variable(spot: Spot | None) -> str:
    """Return the variable of the user's own that a line gives what it makes."""
    if spot is None or spot.code is None or level(spot.code.co_filename) != USER:
        return ""
    return assigned_variable(spot.code, spot.lasti)
