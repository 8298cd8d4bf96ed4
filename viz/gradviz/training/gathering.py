"""Puts together what was seen of each parameter and of each optimizer, as plain data."""

import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from gradviz.facts.evidence import Evidence, Look, Stepper
from gradviz.facts.missed import Missed, Stopped
from gradviz.facts.overflows import Overflow, Throw
from gradviz.facts.training import Heir
from gradviz.graph import NotFinite, Parameter, Place, UnusedReason, Verdict
from gradviz.recording.reading.where import Spot
from gradviz.system.grouped import grouped
from gradviz.training.attribute_lines import replacing_line
from gradviz.training.freeze_lines import files_of_user, freezing_line
from gradviz.training.hand_lines import discarding_line, line_of_write
from gradviz.training.identities import Identities
from gradviz.training.lookout import Lookout
from gradviz.training.moves import History, Moves, StepSight
from gradviz.training.optimizers import Optimizers
from gradviz.training.owners import Owners
from gradviz.training.returns import Returns
from gradviz.training.seen import Seen
from gradviz.training.stalls import Stalls
from gradviz.training.switches import switching_line
from gradviz.training.touches import Touches

_FAR = 1e3  # times its size: a step that moves a parameter as far throws it away
_MORE = 8.0  # times as much as the rounding that was seen: that is something else
_AGAIN = 3  # steps that find no gradient: one or two may be by the way


@dataclass(frozen=True, slots=True)
class Gatherer:
    """All that evidence is made of."""

    calls: Sequence[Seen]
    identities: Identities
    optimizers: Optimizers
    moves: Moves
    owners: Owners
    touches: Touches
    lookout: Lookout
    stalls: Stalls
    returns: Returns
    missed: Mapping[str, Missed]  # by parameter
    births: Sequence[tuple[int, NotFinite]]  # with the number of the call
    ended: bool  # nothing more is to come

    def steppers(self) -> list[Stepper]:
        """Return each optimizer, as it was seen."""
        names = self.identities.names
        return [
            Stepper(
                name=self.optimizers.name_of(key),
                kind=record.kind,
                steps=record.steps,
                skipped=record.skipped,
                held=tuple(names[held] for held in record.held if held in names),
                strangers=sum(held not in names for held in record.held),
                empty=record.empty,
                begun=record.begun,
                of_others=_repeats(self, key) or self._is_of_others(key),
                aside=self._aside(key),
                made=_place(record.spot),
                born=record.born,
                scheduled=record.scheduled and not record.rates.is_overruled,
                spoilt=self.lookout.spoilt.get(key),
                even=self.lookout.is_even,
                copied_at=self._copied_at(key),
                rests=record.rates.rests(names, record.steps),
                schedules=record.rates.schedules(record.spot),
                faded=record.rates.faded(names, record.steps),
                undone=_undone(self, key),
            )
            for key, record in self.optimizers.records.items()
        ]

    def _is_of_others(self, optimizer: int) -> bool:
        record = self.optimizers.records[optimizer]
        sights = [self.moves.of(held).sights for held in record.held]
        own = [sight for some in sights for sight in some if sight.optimizer == optimizer]
        return (
            record.steps >= _AGAIN
            and bool(own)
            and not any(sight.glance.gradient for sight in own)
            and all(any(sight.glance.gradient for sight in some) for some in sights)
        )

    def _aside(self, optimizer: int) -> int:
        held = self.optimizers.records[optimizer].held
        own = {self.identities.names.get(key, "") for key in held}
        for call in self.calls:
            parameters = [call.parameters.get(name) for name in own]
            if not all(kept and kept.verdict is Verdict.UNUSED for kept in parameters):
                return 0
        sights = [sight for key in held for sight in self.moves.of(key).sights]
        is_fed = bool(self.calls) and any(sight.glance.gradient for sight in sights)
        return sum(self.identities.numels.get(name, 0) for name in own) if is_fed else 0

    def _copied_at(self, optimizer: int) -> Place | None:
        held = self.optimizers.records[optimizer].held
        names = [self.identities.names.get(key, "") for key in held]
        unused = [
            call.parameters[name].unused if name in call.parameters else None
            for call in self.calls
            for name in names
        ]
        lines = [
            why.place if why and why.reason is UnusedReason.MADE_OF_USED else None for why in unused
        ]
        return lines[0] if lines and None not in lines else None

    def evidence(self) -> list[Evidence]:
        """Return what was seen of each parameter, in the order of the reports; nothing of tensors
        that are no parameters, where none has changed.
        """
        now = {name: key for key, name in self.identities.names.items()}
        histories = map(self.moves.of, now.values())
        if all(call.plain for call in self.calls) and not any(own.drift for own in histories):
            return []  # inputs, whose gradient is looked at
        stale = self.identities.stale(self.optimizers)
        order = dict.fromkeys(name for call in self.calls for name in call.parameters)
        return [self._of(name, now[name], stale.get(name)) for name in order if name in now]

    def _of(self, name: str, key: int, replaced: tuple[int, int] | None) -> Evidence:
        history, inside = self.moves.of(key), self.identities.inside
        overflow = history.overflow or (None if history.finite else self.moves.overflow())
        births = _births_before(overflow, self.births, history)
        number, birth = _birth_of(name, births)
        copy_of, copied_at = _copied(self.calls, name)
        return Evidence(
            name=name,
            numel=self.identities.numels.get(name, 0),
            verdicts=_verdicts(self.calls, name),
            stepped=tuple(self._stepped(name, history)),
            left_out=self._left_out(name, key),
            looks=tuple(
                self._look(name, sight)
                for sight in history.sights
                if sight.optimizer in self.optimizers.records
            ),
            drift=history.changed,
            finite=history.finite,
            stays_so=history.stays_so,
            replaced=replaced is not None,
            replaced_at=replaced and _replaced_at(self, name, key, replaced[0]),
            stale_in=None if replaced is None else self.optimizers.name_of(replaced[1]),
            outlived=replaced is not None and self.moves.of(replaced[0]).by_gradient,
            left=replaced is not None and replaced[0] == key,
            inherited=self.identities.is_inherited(key, self.optimizers),
            born=self.owners.born(key),
            frozen_at=self._frozen_at(name, key),
            birth=birth,
            thrown=None if birth is None or birth.holder else self._thrown(number),
            overflow=_overflow(None if births and overflow is not history.overflow else overflow),
            returned_at=_returned_at(self._reaching(name)),
            cleared_at=self.touches.cleared_at(key),
            dropped_at=self.touches.dropped_at(key),
            thawed=history.thawed,
            as_began=history.as_began,
            put_back=history.is_put_back,
            came_spoilt=history.came_spoilt,
            by_hand=history.is_by_hand,
            late=history.rested and history.is_by_hand,
            written_at=self._written_at(key, history),
            all_zero=bool(history.all_zero),
            is_last=self._is_last(name),
            copy_of=copy_of,
            copied_at=copied_at,
            lies_in=tuple(whole for whole, own in inside.items() if name in own),
            feeds=tuple(whole for whole, own in self.identities.fed.items() if name in own),
            laid_at=self._laid_at(name, key),
            houses=name in inside,
            heir=self._heir(name),
            stopped=self._stopped(name, key),
            missed=self.missed.get(name),
            rate_at=self._rate_at(key, history),
            rounding=_gets_rounding(name, self._reaching(name), history),
            switched=self.identities.switches.above(name),
            switched_at=switching_line(self.identities.switches.above(name), self._files),
            discarded_at=self._discarded_at(history),
        )

    def _discarded_at(self, history: History) -> Place | None:
        """Return the line that steps by hand into a tensor that nothing keeps, where nothing was
        made that could step, and nothing has moved.
        """
        may_be = self.ended and not self.optimizers.records and history.drift is False
        return discarding_line(self._files()) if may_be else None

    def _frozen_at(self, name: str, key: int) -> Place | None:
        """Return the line that made a parameter frozen, or where steps moved it before that, the
        only one that can have frozen it since.
        """
        missed = self.missed.get(name)
        if missed is None or not missed.is_frozen:
            return self.owners.frozen_at(key)
        own = [call.parameters[name] for call in self.calls if name in call.parameters]
        if own and own[-1].frozen_at is not None:
            return own[-1].frozen_at
        earlier = [other.frozen_at for call in self.calls for other in call.parameters.values()]
        return freezing_line(self._files(), earlier)

    def _files(self) -> frozenset[str]:
        """Return the files of the user's code."""
        made = [_place(record.spot) for record in self.optimizers.records.values()]
        called = [call.place for call in self.calls]
        return files_of_user(*(place.file for place in (*made, *called) if place is not None))

    def _rate_at(self, key: int, history: History) -> Place | None:
        rates = {(sight.optimizer, sight.glance.lr) for sight in history.sights}
        if len(rates) != 1 or rates.pop()[1] != 0:
            return None
        record = self.optimizers.records.get(history.sights[0].optimizer)
        return None if record is None else record.rates.zero_by(key, record.spot)

    def _stopped(self, name: str, key: int) -> Stopped | None:
        records = self.optimizers.records.items()
        holders = [(own, it.steps) for own, it in records if it.steps and key in it.held]
        tensor = next((own for own in self.identities.parameters() if id(own) == key), None)
        if not self.ended or len(holders) != 1:
            return None
        verdicts = {
            call.number: own
            for call in self.calls
            if call.asks_for(key)
            for own in [call.parameters.get(name)]
            if not (call.is_zero and own is not None and own.verdict is Verdict.ZERO)
        }
        sights = self.moves.of(key).sights
        looks = [(sight.calls, self._look(name, sight)) for sight in sights if sight.follows]
        stopped = self.stalls.stopped(*holders[0], key, tensor, verdicts, looks)
        return stopped and replace(stopped, optimizer=self.optimizers.name_of(holders[0][0]))

    def _laid_at(self, name: str, key: int) -> Place | None:
        if not any(name in own for own in self.identities.inside.values()):
            return None
        laid = (self.touches.laid_at(own) for own in self.identities.parameters() if id(own) == key)
        return next(laid, None) or self.owners.created_at(key)

    def _thrown(self, number: int) -> Throw | None:
        """Return the first step before a backward call, by number, that threw a parameter far."""
        throws = [
            Throw(
                name=self.identities.names[key],
                calls=sight.calls,
                ratio=glance.ratio,
                lr=glance.lr,
                place=_place(sight.spot),
            )
            for key, history in self.moves.histories.items()
            if key in self.identities.names
            for sight in history.sights
            for glance in [sight.glance]
            if sight.calls < number
            and glance.finite
            and glance.ratio is not None
            and _FAR <= glance.ratio < math.inf
            and (glance.change or 0.0) > 1.0
        ]
        return min(throws, key=lambda throw: throw.calls, default=None)

    def _heir(self, name: str) -> Heir | None:
        """Return what began with the value of a parameter, where every call that is cut off from
        that trains this.
        """
        heirs = [
            call.heirs.get(name)
            for call in self.calls
            if name in call.parameters and call.parameters[name].verdict is Verdict.CUT
        ]
        trained = [heir for heir in heirs if heir is not None and heir.is_copy]
        return trained[0] if trained and len(trained) == len(heirs) else None

    def _stepped(self, name: str, history: History) -> Iterator[Parameter]:
        for number in (sight.calls for sight in history.sights if sight.follows):
            last = next((call.parameters for call in self.calls if call.number == number), {})
            if name in last:
                yield last[name]

    def _written_at(self, key: int, history: History) -> Place | None:
        asks = history.by_hand or history.is_put_back
        written = self.touches.written_at(key) if asks else None
        lines = (call.rebound.get(self.identities.names[key]) for call in self.calls)
        return written or next((line for line in lines if line is not None), None)

    def _is_last(self, name: str) -> bool:
        reaching = self._reaching(name)
        return bool(reaching) and all(name in call.last_layer for call in reaching)

    def _reaching(self, name: str) -> list[Seen]:
        """Return the calls that reach a parameter."""
        return [
            call
            for call in self.calls
            if name in call.parameters and call.parameters[name].verdict is Verdict.REACHED
        ]

    def _left_out(self, name: str, key: int) -> Place | None:
        """Return the line of a call whose ``inputs`` left a parameter out, where every call that
        reaches it did.
        """
        reaching = self._reaching(name)
        left_out = reaching and all(
            call.asked is not None and key not in call.asked for call in reaching
        )
        return reaching[-1].place if left_out else None

    def _look(self, name: str, sight: StepSight) -> Look:
        glance = sight.glance
        before = next((call for call in self.calls if call.number == sight.calls), None)
        return Look(
            arrived=before.parameters.get(name) if before and sight.follows else None,
            optimizer=self.optimizers.name_of(sight.optimizer),
            gradient=glance.gradient,
            norm=glance.norm,
            moved=glance.moved,
            compared=glance.compared,
            finite=glance.finite,
            ratio=glance.ratio,
            change=glance.change,
            holds=glance.holds,
            lr=glance.lr,
            decays=glance.decays,
            touch=sight.touch,
            place=_place(sight.spot),
            wrote=None if sight.wrote is None else line_of_write(_place(sight.wrote[0])),
            undone=sight.wrote is not None and sight.wrote[1],
        )


def _replaced_at(gatherer: Gatherer, name: str, key: int, old: int) -> Place | None:
    """Return the line that put a parameter where another stood, or the only one that can have."""
    place = gatherer.identities.replaced_at(key, old)
    if place is None and gatherer.moves.of(old).moved:
        return replacing_line(name, gatherer._files())
    return place


def _returned_at(reaching: Sequence[Seen]) -> Place | None:
    is_returned = reaching and all(call.returns for call in reaching)
    return reaching[-1].place if is_returned else None


def _gets_rounding(name: str, reaching: Sequence[Seen], history: History) -> bool:
    """Say whether every call that reaches it brings rounding, and no step finds more."""
    reached = [call.parameters[name] for call in reaching]
    most = max((own.gradient_norm or 0.0 for own in reached), default=0.0)
    return (
        bool(reached)
        and all(own.rounding for own in reached)
        and all((sight.glance.norm or 0.0) <= _MORE * most for sight in history.sights)
    )


def _repeats(gatherer: Gatherer, optimizer: int) -> bool:
    """Say whether it steps all that an earlier one steps, either by the same gradients, or after
    backward calls that reach what no optimizer holds, and that those of the other do not.
    """
    held = gatherer.optimizers.records[optimizer].held
    sights = [sight for key in held for sight in gatherer.moves.of(key).sights]
    sizes = grouped((sight.optimizer, sight.glance.gradient) for sight in sights)
    calls = grouped((sight.optimizer, sight.calls) for sight in sights if sight.follows)
    own, reached = sizes.get(optimizer, []), _reached_unheld(gatherer, calls.get(optimizer, []))
    return any(
        (any(own) and sizes.get(other) == own)
        or (reached and reached.isdisjoint(_reached_unheld(gatherer, calls.get(other, []))))
        for other in gatherer.optimizers.repeated_by(optimizer)
    )


def _reached_unheld(gatherer: Gatherer, numbers: Collection[int]) -> set[str]:
    """Return what no optimizer holds and calls reach, given by their numbers."""
    names = gatherer.identities.names
    records = gatherer.optimizers.records.values()
    held = {names.get(key) for record in records for key in record.held}
    return {
        name
        for call in gatherer.calls
        if call.number in numbers
        for name, own in call.parameters.items()
        if own.verdict is Verdict.REACHED and name not in held
    }


def _undone(gatherer: Gatherer, optimizer: int) -> tuple[int, str] | None:
    since, parameter = gatherer.returns.undone(optimizer) or (0, 0)
    name = gatherer.identities.names.get(parameter)
    return None if name is None else (since, name)


def _verdicts(calls: Sequence[Seen], name: str) -> tuple[Parameter, ...]:
    """Return what calls say of a parameter: those that leave gradient, where all of these are cut
    off, for what another returns is then of an inner loop; else all.
    """
    own = [call for call in calls if name in call.parameters]
    leaving = [call for call in own if not call.returns]
    cut = {call.parameters[name].verdict for call in leaving} == {Verdict.CUT}
    return tuple(call.parameters[name] for call in (leaving if cut else own))


def _copied(calls: Sequence[Seen], name: str) -> tuple[str | None, Place | None]:
    copies = [call.copies[name] for call in calls if name in call.copies]
    return copies[0] if copies else (None, None)


def _births_before(
    overflow: StepSight | None, births: Sequence[tuple[int, NotFinite]], history: History
) -> list[tuple[int, NotFinite]]:
    """Return the births that do not come of an overflow, each with the number of its call."""
    return [
        (number, birth)
        for number, birth in births
        if (overflow is None or number <= overflow.calls)
        and not (history.came_spoilt and birth.holder and birth.written is None)
    ]


def _birth_of(name: str, births: Sequence[tuple[int, NotFinite]]) -> tuple[int, NotFinite | None]:
    """Return the birth that made a parameter not finite, with the number of its call, of the
    births of all calls in order: what an earlier birth has brought is none.
    """
    own = [
        (number, birth)
        for number, birth in births
        if birth.holder == name or name in birth.parameters
    ]
    if not own:
        return births[0] if births else (0, None)
    number, birth = own[0]
    earlier = [item for item in births if item[0] < number]
    brought = birth.holder and any(birth.holder in before.parameters for _, before in earlier)
    return earlier[0] if brought else own[0]


def _overflow(sight: StepSight | None) -> Overflow | None:
    facts = None if sight is None else sight.glance.overflow
    if sight is None or facts is None:
        return None
    return replace(facts, place=_place(sight.written or sight.spot))


def _place(spot: Spot | None) -> Place | None:
    return None if spot is None else spot.calling_place or spot.place
