"""How much a reader has to see of a thing, and what is opened first.

The picture and the page both take from here what they open, each with a budget of its own.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from enum import IntEnum
from heapq import heappop, heappush
from itertools import count
from typing import Generic, TypeVar

from gradviz.graph import Verdict
from gradviz.system.grouped import grouped

_Group = TypeVar("_Group")

_NUMBERS = re.compile("\\d[\\d.,\u2026 ]*")  # also those of layer1, and those of runs: 0..31


class Concern(IntEnum):
    """How much a reader has to see of a thing; of a group, the greatest of what is in it."""

    IDLE = 0  # it is no part of the loss
    WELL = 1
    AILING = 2  # no gradient arrives, it does not train, or it has changed
    SEVERS = 3


def concern_of(verdict: Verdict | None, *, severs: bool = False, fails: bool = False) -> Concern:
    """Return the concern of one thing.

    Args:
        verdict: Its verdict; None for what has none, such as an operation.
        severs: Gradient ends at it.
        fails: It does not train though gradient reaches it, or is new in what is compared.
    """
    if severs:
        return Concern.SEVERS
    if verdict is Verdict.UNUSED:
        return Concern.IDLE
    ails = fails or verdict is Verdict.CUT or verdict is Verdict.ZERO
    return Concern.AILING if ails else Concern.WELL


def family_of(name: str) -> str:
    """Return a name without its numbers: numbered siblings open together or not at all, as one of
    them drawn in detail would seem to differ from the others.

    >>> family_of("layers.3"), family_of("layers.0..31"), family_of("layer1")
    ('layers.#', 'layers.#', 'layer#')
    """
    return _NUMBERS.sub("#", name)


class Waiting(Generic[_Group]):
    """Groups that may be opened, by families of numbered siblings.

    First those in which something severs or no gradient arrives, then the others; of each the
    shallowest first, and of these the first by their rank. What is no part of the loss never comes.
    """

    def __init__(
        self,
        name: Callable[[_Group], str],
        concern: Callable[[_Group], Concern],
        rank: Callable[[list[_Group]], tuple[bool, int]],
    ) -> None:
        self._name, self._concern, self._rank = name, concern, rank
        self._order = count()
        self._heap: list[tuple[bool, int, tuple[bool, int], int, list[_Group]]] = []

    def add(self, depth: int, groups: Iterable[_Group]) -> None:
        """Let groups wait that lie so deep."""
        for family in grouped((family_of(self._name(group)), group) for group in groups).values():
            worst = max(map(self._concern, family))
            if worst is not Concern.IDLE:
                key = worst < Concern.AILING, depth, self._rank(family), next(self._order)
                heappush(self._heap, (*key, family))

    def __iter__(self) -> Iterator[tuple[int, list[_Group]]]:
        """Yield how deep a family lies, and the family; more may be added meanwhile."""
        while self._heap:
            _, depth, _, _, family = heappop(self._heap)
            yield depth, family
