"""The learning rates of an optimizer over its steps, and what sets them.

A rate of 0 leaves everything as it is, though the optimizer writes. Every step is asked, also where
nothing else of it is looked at, so this reads one entry of each group.
"""

import weakref
from collections.abc import Mapping

from torch.optim import Optimizer

from gradviz.facts.faded import Faded
from gradviz.graph import Place
from gradviz.recording.groups import parameters_in
from gradviz.recording.reading.where import Spot
from gradviz.recording.torch_inside import rates_given
from gradviz.training.rate_lines import line_of_rate

_RESTS = 3  # steps: one or two may come before a schedule begins anew
_MOST = 64  # groups
_FAINT = 1e-7  # of the largest rate: what float32 can just tell apart of two numbers added up


class Rates:
    """At which steps the learning rate of each group was above 0, and what schedulers there are."""

    def __init__(self) -> None:
        self._last: dict[int, int] = {}  # by group: the last such step
        self._held: dict[int, tuple[int, ...]] = {}  # and what it holds, by identity
        self._made: list[tuple[weakref.ref[object], str, Spot]] = []
        self._gave: set[Spot] = set()  # lines of schedulers that gave 0 as a step was looked at
        self._largest: dict[int, float] = {}  # by group: of the rates at steps looked at
        self._faint: dict[int, tuple[int, float]] = {}  # since which step, and the last of them
        # By the identity of what the optimizer was made with: its rate was 0 then
        self.zero_at_first: dict[int, bool] = {}

    def made(self, scheduler: object, spot: Spot) -> None:
        """A scheduler was made at a line."""
        self._made.append((weakref.ref(scheduler), type(scheduler).__name__, spot))

    @property
    def is_overruled(self) -> bool:
        """Whether there are schedulers, and none of them gives a rate of 0."""
        return bool(self._made) and not any(
            spot in self._gave or _gives_zero(own()) for own, _, spot in self._made
        )

    def took(self, optimizer: Optimizer, step: int) -> None:
        """A step is over, by its number."""
        for place, group in enumerate(optimizer.param_groups[:_MOST]):
            rate = group.get("lr")
            # To ask a tensor would be a call of torch's, and wait for its device
            if rate is not None and (rate.__class__ not in (float, int) or rate):
                self._last[place] = step

    def watch(self, optimizer: Optimizer, step: int) -> None:
        """Look whether the rate is next to nothing at a step, by its number: not at every one."""
        for place, group in enumerate(optimizer.param_groups[:_MOST]):
            rate = group.get("lr")
            if rate.__class__ is not float:
                continue
            largest = self._largest[place] = max(rate, self._largest.get(place, 0.0))
            if 0.0 < rate < _FAINT * largest:
                self._faint[place] = (self._faint.get(place, (step, rate))[0], rate)
            else:
                self._faint.pop(place, None)

    def faded(self, names: Mapping[int, str], steps: int) -> tuple[Faded, ...]:
        """Return the groups whose rate has been next to nothing in half of so many steps, to the
        last that was looked at.
        """
        lines = [(kind, spot.calling_place or spot.place) for _, kind, spot in self._made]
        by = lines[0] if len(lines) == 1 else ("", None)
        return tuple(
            Faded(
                since=since,
                largest=self._largest[place],
                rate=rate,
                held=tuple(names[key] for key in self._held.get(place, ()) if key in names),
                by=by[0],
                made=by[1],
            )
            for place, (since, rate) in self._faint.items()
            if since - 1 <= steps - since and steps - since >= _RESTS
        )

    def began(self, optimizer: Optimizer) -> None:
        """The optimizer was made."""
        rates = [(group.get("lr"), parameters_in(group)) for group in optimizer.param_groups]
        self.zero_at_first = {
            id(held): not rate
            for rate, own in rates
            if rate.__class__ in (float, int)
            for held in own
        }

    def look(self, optimizer: Optimizer) -> None:
        """See what each group holds, and which schedulers give 0."""
        given = ((spot, rates_given(own())) for own, _, spot in self._made)
        self._gave |= {spot for spot, rates in given if any(map(_is_zero, rates or ()))}
        self._held = {
            place: tuple(map(id, parameters_in(group)))
            for place, group in enumerate(optimizer.param_groups[:_MOST])
        }

    def rests(
        self, names: Mapping[int, str], steps: int
    ) -> tuple[tuple[int, tuple[str, ...]], ...]:
        """Return of the groups whose rate was 0 in the last of so many steps, and not before: the
        last step before these, and the names of what the group holds.
        """
        rests: dict[int, tuple[str, ...]] = {}
        for place, last in self._last.items():
            held = tuple(names[key] for key in self._held.get(place, ()) if key in names)
            if held and steps - last >= _RESTS:
                rests[last] = rests.get(last, ()) + held
        return tuple(sorted(rests.items()))

    def zero_by(self, parameter: int, made: Spot | None) -> Place | None:
        """Return the line that gave a parameter, by its identity, a rate of 0 from the first step
        on; None where that is not known.

        Args:
            parameter: The parameter.
            made: The line that made the optimizer.
        """
        at_first = self.zero_at_first.get(parameter)
        if at_first is None or made is None:
            return None
        if at_first:
            return made.calling_place or made.place
        lines = self.schedules(made)
        return lines[0][1] if len(lines) == 1 else None

    def schedules(self, made: Spot | None) -> tuple[tuple[str, Place], ...]:
        """Return the schedulers that give a rate of 0, with their lines; where none does, the
        line that assigns it in the file where the optimizer was made.
        """
        places = [
            (kind, spot.calling_place or spot.place)
            for scheduler, kind, spot in self._made
            if spot in self._gave or _gives_zero(scheduler())
        ]
        lines = tuple(dict.fromkeys((kind, place) for kind, place in places if place is not None))
        return lines if lines or made is None else _assignments(made)


def _gives_zero(scheduler: object) -> bool:
    """Say whether a scheduler gives a rate of 0 itself, where it does not only multiply one that is
    0; True where that cannot be asked any more.
    """
    rates = rates_given(scheduler)
    return rates is None or any(map(_is_zero, rates))


def _is_zero(rate: float) -> bool:
    return float(rate) == 0.0


def _assignments(made: Spot) -> tuple[tuple[str, Place], ...]:
    place = made.calling_place or made.place
    line = None if place is None else line_of_rate(place.file)
    return () if line is None else (("", line),)
