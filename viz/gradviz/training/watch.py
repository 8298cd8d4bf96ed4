"""Watches what optimizers do to parameters, through torch's own step hooks, and answers whether
each parameter trains.

While calls are watched in full, every step is looked at. After that steps are counted, and ever
fewer are looked at: at all parameters as long as something is open about one, and at one small
parameter of each optimizer, which tells of NaN. Parameters are known by identity.
"""

import sys
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from types import FrameType
from typing import Any

import torch
from torch import Tensor
from torch.optim import Optimizer

from gradviz.facts.evidence import Evidence, Stepper
from gradviz.judging.model_names import Names
from gradviz.recording import torch_inside
from gradviz.recording.devices import is_capturing
from gradviz.recording.uninterrupted import is_own
from gradviz.series.recorder import Update
from gradviz.system.undo import Action, Undo, as_one
from gradviz.training.calls import Calls
from gradviz.training.gathering import Gatherer
from gradviz.training.hooks import StepHooks
from gradviz.training.identities import Identities
from gradviz.training.left_behind import LeftBehind
from gradviz.training.looking import Glance, StepLook
from gradviz.training.lookout import Lookout
from gradviz.training.moves import Moves, StepSight
from gradviz.training.optimizers import OptimizerRecord, Optimizers, held_with_groups, spot_of
from gradviz.training.owners import Owners
from gradviz.training.remarks import of_later
from gradviz.training.returns import Returns
from gradviz.training.seen import Seen
from gradviz.training.stalls import Stalls, in_mode
from gradviz.training.taken_in import taken_in
from gradviz.training.touches import Touches
from gradviz.training.under_way import BegunStep, UnderWay


class StepWatch:
    """What the optimizers of one process, or of one trace, do to parameters."""

    def __init__(self) -> None:
        self.owners = Owners()
        self.touches = Touches()
        self.calls = Calls()
        self.off: list[Action] = []  # what leaves torch as it was, in C, once watching has begun
        self.stepped: Callable[[list[Glance]], None] | None = None  # is told of each look at a step
        self.late: Callable[[Optimizer], None] | None = None  # is told of one that steps later
        self.grown: Callable[[Optimizer, int], None] | None = None  # of parameters that came
        self.changed = False  # something was seen since this was last set to False
        self.looking = True  # at steps in full; else as once the calls that are watched are over
        self.glances: dict[int, Glance] = {}  # what steps did since somebody last asked
        self._moves = Moves()
        self.optimizers = Optimizers(self._renumbered)
        self.identities = Identities(self.owners)
        self._under_way = UnderWay()
        self._left_behind = LeftBehind()
        self.stalls = Stalls()
        self._later: dict[str, bool] = {}  # found as the run ends
        self._pending: list[tuple[BegunStep, StepLook]] = []
        self._hooks: StepHooks | None = None
        self._full = False
        self.steps_in_full = 0  # made while calls were watched in full
        self._settled = False  # nothing is open: only NaN may still come
        self.lookout = Lookout(self.look_again)
        self.returns = Returns()
        self.later = (self.lookout, self.stalls, self.returns, self._left_behind)
        self._failed: Callable[[BaseException], None] | None = None
        self._has_phases = False
        self.gone: set[str] = set()  # names of parameters that were gone when it was resumed

    # Beginning and end

    def begin(self, failed: Callable[[BaseException], None]) -> None:
        """Watch from here on; what goes wrong is told to ``failed``, and ends the watch."""
        self._failed = failed
        self._full, self._settled = True, False
        self.lookout.end()
        hooks = self._hooks = StepHooks(
            _guarded(self, self._before_step, counts=False),
            _guarded(self, self._after_step, counts=True),
        )
        self.off += [*(hook.take_out for hook in self.owners.hooks), *hooks.take_out]
        self.owners.begin()
        as_one(hooks.put_in)()

    def resume(self, failed: Callable[[BaseException], None]) -> None:
        """Watch again in full, after a rest."""
        alive = frozenset(map(id, (*self.identities.parameters(), *self.optimizers.parameters())))
        self.gone |= {name for key, name in self.names.items() if key not in alive}
        kept = (self._moves, self.identities, self.owners, self.touches, self.optimizers)
        for place in (*kept, self.stalls):
            place.keep(alive)
        self._has_phases = True
        self._unhook()
        self.begin(failed)

    def rest(self) -> None:
        """The calls that are watched in full are over: go on as long as something is open."""
        was_full, self._full = self._full, False
        self.steps_in_full = self.steps
        self.owners.end()
        self._moves.rest()
        if was_full and self._hooks is not None:
            is_first = not self._has_phases
            self.lookout.begin(self.optimizers, self._moves, len(self.calls) if is_first else None)
            self.returns.begin(self.optimizers, self._moves)
            self._settled = self._settled or _is_settled(self)
            for key, record in self.optimizers.records.items():
                record.next_look = _next_look(self, key, record)

    def end(self) -> None:
        """Watch no longer."""
        self._unhook()

    def _unhook(self) -> None:
        self._full = False
        self.owners.end()
        if self._hooks is not None:
            self._hooks.remove()
        self._hooks = None

    # Optimizers

    @property
    def steps(self) -> int:
        """How many steps were seen."""
        return self.optimizers.steps

    @property
    def names(self) -> Mapping[int, str]:
        """The names of parameters by identity, as of the last call."""
        return self.identities.names

    @property
    def all_stepped(self) -> bool:
        """Whether every optimizer that is still there and holds something has made a step, or had
        one left out.
        """
        return self.optimizers.all_stepped

    def made(self, optimizer: Optimizer, frame: FrameType | None, *, begun: bool = False) -> None:
        """An optimizer was made at the line that a frame stands at, ``begun`` where something had
        read from the generator of its parameters.
        """
        self.optimizers.made(optimizer, frame, self.owners.moment())
        self.optimizers.record(optimizer).begun = begun

    def scheduled(self, optimizer: Optimizer, scheduler: object, frame: FrameType) -> None:
        """A scheduler of an optimizer was made at the line that a frame stands at."""
        spot = spot_of(frame)
        if spot is not None:
            self.optimizers.record(optimizer).rates.made(scheduler, spot)

    def named(self, optimizers: Mapping[str, Optimizer]) -> dict[str, Optimizer]:
        """Return optimizers by what they are called, and take note of it, as
        :meth:`Optimizers.named` does.
        """
        return self.optimizers.named(optimizers)

    def scaled(self, optimizer: Optimizer) -> None:
        """A GradScaler is done with the step of an optimizer: it made one, or it did not."""
        self.changed = self.optimizers.scaled(optimizer) or self.changed

    # Steps

    def _before_step(self, optimizer: Optimizer, args: Any, kwargs: Any) -> None:
        if self._settled and not self.optimizers.knows(optimizer):
            return
        step = self._under_way.begin(optimizer)
        record = self.optimizers.record(optimizer)
        if step is None:
            record.nests = True
            return
        self.touches.used()
        self.lookout.before(optimizer)
        self.returns.begin_step(optimizer, record.steps + 1)
        parameters = (
            [
                (parameter, group)
                for parameter, group in held_with_groups(optimizer)
                if self._full or self._moves.is_open(id(parameter))
            ]
            if _looks(self, record) and not step.skips
            else []
        )
        if parameters:
            record.update()
            step.spot, step.writes = spot_of(sys._getframe(1)), self.touches.writes()
            step.look = StepLook(optimizer, parameters)
            self.touches.begin_step()
            closure = (len(args) > 1 and args[1] is not None) or kwargs.get("closure") is not None
            step.has_closure = closure
            self._left_behind.begin_step(optimizer)
            step.look.before(gradients=not closure)
            step.touches = {
                id(parameter): self.touches.take(id(parameter)) for parameter, _ in parameters
            }

    def _after_step(self, optimizer: Optimizer, args: Any, kwargs: Any) -> None:
        step = self._under_way.end()
        if step is None:
            return
        record = self.optimizers.record(optimizer)
        if step.skips:
            record.skipped += 1
            return
        looked = _looks(self, record)
        self.optimizers.stepped(optimizer, record)
        record.rates.took(optimizer, record.steps)
        self.changed = True
        if step.look is not None:
            step.take_touches(self.touches, optimizer)
            step.look.after()
            self._left_behind.end_step(optimizer, record.steps)
            self._pending.append((step, step.look))
            if torch_inside.current_node() is None:
                self.settle()
        record.rates.watch(optimizer, record.steps)
        self.lookout.after(optimizer, record.steps)
        self.returns.end_step(optimizer)
        if not self._full:
            self._left_behind.see(optimizer, record.steps)
            _look_for_growth(self, optimizer, record.steps)
        if not self._full and looked:
            self.look_again(after_step=True)
            self._settled = self._settled or _is_settled(self)
            if record.steps == 1 and self.late is not None:
                in_mode(self.stalls.grad_mode, partial(self.late, optimizer))
        _look_for_stalls(self, optimizer, record.steps)
        if not self._full:
            record.next_look = _next_look(self, id(optimizer), record)

    def settle(self) -> None:
        """Read what is still on its way from the device."""
        pending, self._pending = self._pending, []
        for step, look in pending:
            glances = look.read()
            if self.stepped is not None:
                self.stepped(glances)
            for glance in glances:
                self.glances[glance.key] = glance
                touch, written = step.touches.get(glance.key), step.writes.get(glance.key)
                sight = StepSight(
                    optimizer=step.optimizer,
                    glance=glance,
                    touch=touch,
                    spot=step.spot,
                    calls=self.calls.made,
                    written=written,
                    wrote=step.lines.get(glance.key),
                    follows=self._full and self.looking,
                )
                self._moves.stepped(sight)

    def look_again(self, **when: bool) -> None:
        """Look at everything that is still there: by whatever hand it has moved, and whether it is
        finite; ``when`` as in :meth:`Moves.compare`.
        """
        there = {
            id(parameter): parameter
            for parameter in (*self.identities.parameters(), *self.optimizers.parameters())
            if id(parameter) in self.identities.names
        }
        with torch_inside.without_torch_function():
            self._moves.compare(there.values(), **when)

    def look_at(self, parameters: Iterable[Tensor]) -> None:
        """Look at some parameters, which may be no model's."""
        with torch_inside.without_torch_function():
            self._moves.compare(parameters)

    def _renumbered(self, optimizer: int, number: int) -> None:
        for step, _ in self._pending:
            step.optimizer = number if step.optimizer == optimizer else step.optimizer
        for place in (self._moves, *self.later):
            place.renumber(optimizer, number)

    # Backward calls

    @property
    def remarks(self) -> tuple[str, ...]:
        """What is worth a clause in the last sentence."""
        histories = self._moves.histories.values()
        of_losses = not self.optimizers.has_settled and all(moved.finite for moved in histories)
        remarks = self.calls.remarks(of_losses, scaled=self.optimizers.has_skipped)
        return remarks + of_later(self._later, self.names.values())

    def called(self, reported: Seen, names: Names, roots: Mapping[str, Any]) -> None:
        """A backward call has ended.

        Args:
            reported: What it did.
            names: The names of parameters and modules.
            roots: The models by name.
        """
        self.settle()
        before = self.identities.names
        self._moves.forget(self.identities.gone(self.optimizers))
        tensors = self.identities.take(reported.parameters, names, roots)
        self.owners.came(self.identities.joined)
        self._moves.follow(self.identities.followers(before, reported.rebound))
        self.identities.inherit(tensors, reported.heirs, self.optimizers)
        self.calls[:] = [call.renamed(before, self.identities.names) for call in self.calls]
        self.calls.append(reported)
        self.changed = True
        self._moves.compare(tensors, at_backward=True)
        self.touches.arrived(tensors)
        self.touches.hold(tensors)

    def recent(self) -> dict[str, Update]:
        """Return what steps did to each parameter since this was last asked, by name."""
        self.settle()
        recent, self.glances = self.glances, {}
        return {
            self.identities.names[key]: Update(ratio=glance.ratio, weight=glance.weight)
            for key, glance in recent.items()
            if key in self.identities.names and glance.compared
        }

    def evidence(self, *, ended: bool = False) -> tuple[list[Evidence], list[Stepper]]:
        """Return what was seen of each parameter and of each optimizer."""
        self.settle()
        for record in self.optimizers.records.values():
            record.update()
        if ended:
            self.lookout.settle(self.optimizers)
            self.identities.look_inside()
            self._later = self.identities.came_later(self.optimizers)
            self.look_again()
            with torch_inside.without_torch_function():
                self._moves.look_for_returns(self.identities.parameters(), self.touches.by_hand)
        parts = (self.calls, self.identities, self.optimizers, self._moves, self.owners)
        births = taken_in(self.calls.births, self.names, self._moves, self.optimizers)
        missed = self._left_behind.missed(self.optimizers, self.names) if ended else {}
        later = (self.touches, self.lookout, self.stalls, self.returns)
        gatherer = Gatherer(*parts, *later, missed, births, ended)
        return gatherer.evidence(), gatherer.steppers()


def _is_settled(watch: StepWatch) -> bool:
    """Say whether only NaN may still come: every optimizer has made a step, and nothing that is
    still there is open.
    """
    records = [record for record in watch.optimizers.records.values() if record.is_there]
    held = {key for record in records for key in record.held}
    there = held.union(map(id, watch.identities.parameters()))
    is_open = watch._moves.is_open
    return all(record.steps for record in records) and not any(map(is_open, there))


def _look_for_stalls(watch: StepWatch, optimizer: Optimizer, steps: int) -> None:
    """Look whether what gradient has moved is found without any after so many steps; while calls
    are watched in full, more may join.
    """
    calls = watch.calls.made
    if watch._full:
        counted = watch._left_behind.moved  # fused steps are not
        histories = watch._moves.histories.items()
        moved = {key for key, own in histories if own.by_gradient and key in counted}
        watch.stalls.begin(optimizer, steps, calls, moved)
    watch.stalls.after(optimizer, steps, calls)


def _look_for_growth(watch: StepWatch, optimizer: Optimizer, steps: int) -> None:
    """Look, each time that the number of steps has doubled, whether a model has got parameters."""
    if watch.grown is None or steps & (steps - 1):
        return
    count = len(watch.identities.came_later(watch.optimizers))
    if count:
        in_mode(watch.stalls.grad_mode, partial(watch.grown, optimizer, count))


def _looks(watch: StepWatch, record: OptimizerRecord) -> bool:
    """Say whether the step to come is looked at: every one at first, ever fewer later."""
    return not watch._settled and (
        (watch._full and watch.looking)
        or record.steps == 0
        or watch._moves.in_doubt
        or (record.steps + 1) & record.steps == 0
    )


def _next_look(watch: StepWatch, optimizer: int, record: OptimizerRecord) -> float:
    """Return the number of the next step at which there is more to do than to count it."""
    due = min(place.due(optimizer, record.steps) for place in watch.later)
    if watch._settled:
        return due
    is_near = record.steps == 0 or watch._moves.in_doubt
    return min(due, record.steps + 1 if is_near else 1 << record.steps.bit_length())


def _record_that_passes(watch: StepWatch, optimizer: Optimizer) -> OptimizerRecord | None:
    """Return the record of an optimizer whose next step is only to be counted; else None."""
    record = watch.optimizers.records.get(id(optimizer))
    if (
        watch._full
        or record is None
        or record.nests
        or record.steps + 1 >= record.next_look
        or record.optimizer() is not optimizer
    ):
        return None
    return record


def _guarded(watch: StepWatch, whole: Callable[..., None], *, counts: bool) -> Callable[..., None]:
    """Return a hook of a step that does the whole, or next to nothing where no look is due."""

    def guarded(optimizer: Optimizer, *args: Any) -> None:
        record = _record_that_passes(watch, optimizer)
        if record is not None:
            if counts:
                record.steps += 1
                record.rates.took(optimizer, record.steps)
            return
        try:
            if is_capturing():
                return
            watch.stalls.grad_mode = torch.is_grad_enabled()
            with (
                torch_inside.without_torch_function(),
                Undo([partial(torch_inside.set_grad_enabled, torch.is_grad_enabled())]),
            ):
                torch_inside.set_grad_enabled(False)
                whole(optimizer, *args)
        except BaseException as error:
            watch.end()
            if not is_own(error):
                raise
            if watch._failed is not None:
                watch._failed(error)

    return guarded
