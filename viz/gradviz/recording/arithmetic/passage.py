"""What passed one node of the graph in a backward, by its size."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from gradviz.recording.arithmetic import sizes

_NOTHING: Mapping[int, str] = MappingProxyType({})


class Passage:
    """What passed one node.

    Attributes:
        leads: For each edge: the tape's number of what it leads to; None where it leads to nothing.
        came: Size of what arrived; None where nothing did.
        went: For each edge: size of what left along it; None where nothing did.
        empty: The edges along which a gradient without elements left.
        flat: Why zeros left along an edge that could be read; empty if that does not say.
        rounded: The edges along which only the rounding of parts that cancel left.
        incoming: Size of what arrived, for each result of the node.
        outgoing: Size of what left along each edge.
        emptied: The edges along which hooks of the user's after the node made zeros of something.
        hooks: Where these were registered.
    """

    __slots__ = (
        *(
            "came",
            "emptied",
            "empty",
            "flat",
            "hooks",
            "incoming",
            "leads",
            "outgoing",
            "rounded",
            "went",
        ),
    )

    def __init__(
        self,
        leads: tuple[int | None, ...],
        incoming: tuple[float | None, ...] = (),
        outgoing: tuple[float | None, ...] = (),
        empty: frozenset[int] = frozenset(),
        flat: Mapping[int, str] | None = None,
        rounded: frozenset[int] = frozenset(),
    ) -> None:
        self.leads = leads
        self.came = incoming[0] if len(incoming) == 1 else either(*incoming)
        self.went = outgoing
        self.empty = empty
        self.flat = _NOTHING if flat is None else flat
        self.rounded = rounded
        self.emptied: frozenset[int] = frozenset()
        self.hooks: Sequence[Any] = ()  # spots
        self.incoming = incoming
        self.outgoing = outgoing

    def leading(self, leads: tuple[int | None, ...]) -> "Passage":
        """Return the same of a node whose edges are numbered otherwise."""
        other = Passage(leads, self.incoming, self.outgoing, self.empty, self.flat, self.rounded)
        other.came, other.went = self.came, self.went
        other.emptied, other.hooks = self.emptied, self.hooks
        return other

    def and_also(self, other: "Passage") -> "Passage":
        """Return what passed the node twice together; what was measured is that of the last."""
        both = Passage(
            self.leads,
            other.incoming or self.incoming,
            other.outgoing or self.outgoing,
            self.empty & other.empty,
            {**self.flat, **other.flat},
            self.rounded & other.rounded,
        )
        both.emptied = self.emptied | other.emptied
        both.hooks = self.hooks or other.hooks
        both.came = either(self.came, other.came)
        both.went = tuple(map(either, self.went, other.went))
        return both


def either(*parts: float | None) -> float | None:
    """Return one size for parts some of which may be nothing; None where all are."""
    return sizes.together([size for size in parts if size is not None])
