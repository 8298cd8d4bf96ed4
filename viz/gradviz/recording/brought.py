"""A backward that the step ran itself, and what is kept of what it brought."""

import math
from dataclasses import dataclass
from typing import Protocol

from torch import Tensor

from gradviz.recording.arithmetic.births import Born
from gradviz.recording.arithmetic.passage import Passage
from gradviz.recording.entries.raising import Raised
from gradviz.recording.reading import where


class Brought(Protocol):
    """What a backward that was watched brought.

    Attributes:
        failure: Why watching ended early, if it did.
    """

    failure: Exception | None

    @property
    def flows(self) -> dict[int, Passage]:
        """What passed the nodes that ran, by number."""

    @property
    def arrivals(self) -> dict[int, list[float]]:
        """How much came to each leaf, by number."""

    @property
    def before(self) -> dict[tuple[int, int], list[float]]:
        """How much came to hooks of the user's, by number of what they are on, and which of it."""

    def arrived(self, number: int, gradient: Tensor) -> None:
        """Take note of what arrived at a leaf."""

    def is_spoilt(self, number: int) -> bool | None:
        """Say whether what came to a leaf is known not to be finite; None where nothing is known to
        have come.
        """

    def births(self, *, in_loss: bool = False) -> list[tuple[int, Born]]:
        """Return each birth of NaN or infinity with the node whose backward shows it, in order."""

    def raised(self, error: BaseException, roots: tuple[int, ...]) -> Raised:
        """Say where a backward from some roots raised."""


@dataclass(slots=True, eq=False)
class Backward:
    """A backward call that the step made itself.

    Attributes:
        roots: The tape's numbers of the tensors it began from.
        observation: What it brought; None where it was not watched.
        asked: The leaves that it was to bring gradient to, by number; None for all of them.
        spot: The line that called it.
        raised: Where it raised, if it did.
        began: The tape's number of the moment when it began.
    """

    roots: tuple[int, ...]
    observation: Brought | None
    asked: frozenset[int] | None
    began: float = math.inf
    spot: where.Spot = where.NOWHERE
    raised: Raised | None = None

    def take(self, number: int, gradient: Tensor) -> None:
        """Take note of what was brought to a leaf whose hook does not see it."""
        if self.observation is not None:
            self.observation.arrived(number, gradient)
