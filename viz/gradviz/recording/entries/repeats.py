"""Calls that say again what an earlier call has said.

A loop without gradient makes as many calls as it has rounds, each of the value that the round
before has made. What went into such a value is the same from the second or third round on: the same
parameters, by the same lines. Then the call is the earlier one, and the tape is as long as the
program, not as its run.
"""

from collections.abc import Hashable

from gradviz.recording.entries.records import Inputs

_VARIANTS = 8  # calls of one line that are compared with, the newest
# Lines and parameters that are told apart; a value with others behind it is like no other
_MOST = 8192


class Repeats:
    """The calls of a tape by what they are, apart from what went in, and by what
    lies behind them.
    """

    def __init__(self) -> None:
        self._variants: dict[Hashable, list[tuple[int, Inputs]]] = {}
        self._like: dict[int, Hashable] = {}
        self._behind: dict[int, int] = {}  # a bit for each line and parameter
        self._bits: dict[Hashable, int] = {}

    def find(self, like: Hashable, inputs: Inputs) -> int:
        """Return the number of an earlier call that is the same; 0 where there is none."""
        for number, before in self._variants.get(like, ()):
            if before == inputs or self._are_alike(before, inputs):
                return number
        return 0

    def add(
        self, number: int, like: Hashable, inputs: Inputs, leaves: frozenset[int] | set[int]
    ) -> None:
        """Take note of a call.

        Args:
            number: Its own.
            like: What it has in common with calls that differ in nothing but what went in.
            inputs: What went in.
            leaves: Those numbers of ``inputs`` that are leaves.
        """
        variants = self._variants.setdefault(like, [])
        variants.insert(0, (number, inputs))
        del variants[_VARIANTS:]
        behind = self._bit(like)
        for source, _ in inputs:
            bits = self._bit(source) if source in leaves else self._behind.get(source, 0)
            if not bits or not behind:
                return  # an autograd node, or more than are told apart
            behind |= bits
        self._behind[number] = behind
        self._like[number] = like

    def clear(self) -> None:
        """Forget all: the tape has let go of calls."""
        self.__init__()  # type: ignore[misc]

    def _are_alike(self, before: Inputs, inputs: Inputs) -> bool:
        if len(before) != len(inputs):
            return False
        for (old, was_live), (new, live) in zip(before, inputs, strict=True):
            if was_live is not live:
                return False
            if old != new:
                behind = self._behind.get(new, 0)
                if (
                    not behind
                    or behind != self._behind.get(old)
                    or self._like[old] != self._like[new]
                ):
                    return False
        return True

    def _bit(self, thing: Hashable) -> int:
        bit = self._bits.get(thing)
        if bit is None:
            if len(self._bits) >= _MOST:
                return 0
            bit = self._bits[thing] = 1 << len(self._bits)
        return bit
