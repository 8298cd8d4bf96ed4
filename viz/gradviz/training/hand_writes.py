"""What lines of the user's own write into parameters beside steps, and what stays of it: an even
spread of what each line has left.

Parameters are known by identity.
"""

from collections.abc import Container
from dataclasses import dataclass

import torch
from torch import Tensor

from gradviz.recording.reading.where import Spot
from gradviz.training.sampling import has_values, spread

# Calls that keep a value in bounds, and do not move it as a rule
_BOUNDS = ("clamp", "clip", "renorm", "round", "nan_to_num", "relu")


@dataclass(slots=True)
class _WritingLine:
    """One line that writes into a parameter.

    Attributes:
        spot: The line.
        bounds: It keeps values in bounds.
        changes: It changed something.
        left: What it left last; None where that was not looked at.
        round: The round of that.
        away: Another line has left something else since.
        returns: Rounds in which it left the same as in the round before, from something else.
        departs: It left something else in some round.
    """

    spot: Spot
    bounds: bool
    changes: bool = False
    left: Tensor | None = None
    round: int = 0
    away: bool = False
    returns: int = 0
    departs: bool = False

    def leave(self, sample: Tensor, now: int) -> None:
        """Take note of what it has left in a round."""
        if self.left is not None and self.round != now:
            is_same = not _differ(self.left, sample)
            self.returns += is_same and self.away
            self.departs = self.departs or not is_same
        self.left, self.round, self.away = sample, now, False


class HandWrites:
    """The lines that wrote into each parameter."""

    def __init__(self) -> None:
        self._lines: dict[int, dict[tuple[object, int], _WritingLine]] = {}  # the last one last
        self._last: dict[int, Tensor] = {}  # what the last of them left
        self._round = 0

    def keep(self, alive: Container[int]) -> None:
        """Forget all parameters but these, given by identity: others may get that of one gone."""
        self._lines = {key: own for key, own in self._lines.items() if key in alive}
        self._last = {key: own for key, own in self._last.items() if key in alive}

    def begin_round(self) -> None:
        """A backward call has ended."""
        self._round += 1

    def wrote(self, parameter: int, spot: Spot, operation: str, target: Tensor | None) -> None:
        """A line wrote into a parameter by some operation; ``target`` is what has its values now,
        None where only a part of it was written into.
        """
        lines = self._lines.setdefault(parameter, {})
        own = lines.pop((spot.code, spot.lasti), None)
        own = own or _WritingLine(spot, bounds=any(word in operation for word in _BOUNDS))
        lines[spot.code, spot.lasti] = own
        if target is None or target.device.type != "cpu" or not has_values(target):
            own.changes, own.departs = True, True  # it is not looked at what it leaves
            return
        sample = spread(target).clone()
        last = self._last.get(parameter)
        own.changes = own.changes or last is None or _differ(last, sample)
        own.leave(sample, self._round)
        for other in lines.values():
            if other is not own and other.left is not None:
                other.away = other.away or _differ(other.left, sample)
        self._last[parameter] = sample

    def line_of(self, parameter: int) -> Spot | None:
        """Return the last line that changed a parameter and does more than keep it in bounds, else
        the last that wrote into it; None where none did.
        """
        lines = [*self._lines.get(parameter, {}).values()]
        chosen = (
            [line for line in lines if line.changes and not line.bounds]
            or [line for line in lines if line.changes]
            or lines
        )
        return chosen[-1].spot if chosen else None

    def is_put_back(self, parameter: Tensor) -> bool:
        """Say whether one of the lines left a parameter the same in every round, whatever others
        made of it meanwhile, and it is the same now.
        """
        returning = [
            line
            for line in self._lines.get(id(parameter), {}).values()
            if line.returns and not line.departs and line.left is not None
        ]
        if not returning or not has_values(parameter):
            return False
        now = spread(parameter)
        return any(line.left is not None and not _differ(line.left, now) for line in returning)


def _differ(first: Tensor, later: Tensor) -> bool:
    return first.shape != later.shape or not torch.equal(first, later)
