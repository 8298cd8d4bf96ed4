"""Which line changed in place what a backward still needed."""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from torch import Tensor

from gradviz.recording.entries.records import Step
from gradviz.recording.reading.where import Spot
from gradviz.recording.tensor_state import address, region
from gradviz.recording.torch_inside import sequence_number

_VIEWS = re.compile(
    r"(T|AsStrided|Expand|Permute|Select|Slice|Squeeze|Transpose|Unsqueeze|UnsafeView|View)Backward\d"
)
"""Nodes whose result shares the memory of what went in."""


_MOST = 100_000  # writes that are kept
_PLAIN = 10_000  # of those into tensors without gradient
_ERROR = re.compile(r"Tensor \[([\d, ]*)\].* is at version (\d+); expected version (\d+)")
"""What torch says of the tensor that was changed: its sizes, and its count of writes."""
MADE = "nn.Parameter"
"""The operation of a write that made what lies there a parameter."""
STEP = "step()"
"""The operation of an optimizer's writes."""


class LastWrite(NamedTuple):
    """A write into memory.

    Attributes:
        operation: ``"copy_"``, ``"fill_"`` ..., or :data:`MADE`, or :data:`STEP`.
        spot: The line.
        number: Torch's number of the node that comes next.
        low, high: The bytes that it spans.
        brought: Of an optimizer's: how many backwards were over with the one whose gradient spoilt
            what lies there; 0 where none is known to have.
    """

    operation: str
    spot: Spot
    number: int
    low: int
    high: int
    brought: int = 0


class Rewritten:
    """The writes in place into values with a history, and into leaves that have gradient."""

    def __init__(self) -> None:
        # By torch's number of the node that had made the value before the write
        self._values: dict[int, Spot] = {}
        # By number of the leaf: its last write, and torch's number of the node that comes next
        self._leaves: dict[int, tuple[int, Spot]] = {}
        # By sizes, count of writes and line: torch's number of the node that comes next
        self._plain: dict[tuple[tuple[int, ...], int, Spot], int] = {}
        self._memory: dict[int, LastWrite] = {}  # the last write, by what identifies the memory

    def value(self, number: int, spot: Spot) -> None:
        """The value that a node had made was changed; the node's number is torch's."""
        self._values[number] = spot
        if len(self._values) > _MOST:
            del self._values[next(iter(self._values))]

    def leaf(self, number: int, spot: Spot) -> None:
        """A leaf was changed."""
        self._leaves[number] = sequence_number(), spot

    def plain(self, sizes: tuple[int, ...], version: int, spot: Spot) -> None:
        """A tensor without gradient, a buffer or what was detached, was changed.

        Args:
            sizes: Its own, or of what it is a view of.
            version: Torch's count of the writes into it, with this one.
            spot: The line.
        """
        self._plain[sizes, version, spot] = sequence_number()
        if len(self._plain) > _PLAIN:
            del self._plain[next(iter(self._plain))]

    def memory(self, target: Tensor, operation: str, spot: Spot, *, brought: int = 0) -> None:
        """What lies in the memory of a tensor was changed, or is a parameter from now on; the last
        as :class:`LastWrite` has it.
        """
        key = address(target)
        if key:
            self._memory.pop(key, None)
            self._memory[key] = LastWrite(
                operation, spot, sequence_number(), *region(target), brought
            )
            if len(self._memory) > _MOST:
                del self._memory[next(iter(self._memory))]

    def last(self, memory: int, span: tuple[int, int]) -> LastWrite | None:
        """Return the last write into some bytes of a piece of memory; None where none was seen."""
        write = self._memory.get(memory)
        return None if write is None or write.low >= span[1] or span[0] >= write.high else write

    def since(self, node: int, steps: Mapping[int, Step], error: str) -> Spot | None:
        """Return the line that changed what a node used or made, after the node was made.

        None where none was seen, and where several lines did.

        Args:
            node: The tape's number of the node.
            steps: The nodes on the tape.
            error: What torch said.
        """
        step = steps.get(node)
        if step is None:
            return None
        made = step.stamp.node
        spots: set[Spot] = set()
        for number in (node, *_used(step.nexts, steps)):
            maker = steps.get(number)
            spot = None if maker is None else self._values.get(maker.stamp.node)
            written, leaf_spot = self._leaves.get(number, (0, None))
            if spot is not None:
                spots.add(spot)
            elif leaf_spot is not None and written > made > 0:
                spots.add(leaf_spot)
        spots = spots or self._as_said(error, made)
        return spots.pop() if len(spots) == 1 else None

    def _as_said(self, error: str, made: int) -> set[Spot]:
        """Return the lines that changed a tensor such as an error tells of, once a node was
        made.
        """
        match = _ERROR.search(error)
        if match is None:
            return set()
        sizes = tuple(int(size) for size in match[1].split(",") if size.strip())
        last, kept = int(match[2]), int(match[3])
        return {
            spot
            for (of_sizes, version, spot), next_node in self._plain.items()
            if of_sizes == sizes and kept < version <= last and next_node > made
        }


def _used(nexts: Iterable[int], steps: Mapping[int, Step]) -> Iterator[int]:
    """Yield the numbers of what went into a node, and of what views among it are views of."""
    for number in nexts:
        yield number
        step = steps.get(number)
        if step is not None and _VIEWS.fullmatch(step.name):
            yield from _used(step.nexts, steps)
