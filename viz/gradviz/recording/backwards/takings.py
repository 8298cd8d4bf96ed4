"""What one backward brought: sizes while it runs, numbers once it is over.

On an accelerator nobody waits for them until somebody asks. Where something was not finite in the
last backward there, its line is worth waiting for: the next one is measured at once.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any, cast

from torch import Tensor

from gradviz.recording.arithmetic import sizes
from gradviz.recording.arithmetic.amounts import Measure, Meter
from gradviz.recording.arithmetic.flat import HOOKED
from gradviz.recording.arithmetic.passage import Passage
from gradviz.recording.backwards.reasons import Reasons

Row = tuple[
    int,  # the node's number
    tuple[int | None, ...],  # what each edge leads to
    tuple[sizes.Size | None, ...],  # what came
    tuple[sizes.Size | None, ...],  # what went
    frozenset[int] | None,  # the edges along which nothing but an empty gradient went, if any
]
# Of tuples and numbers alone, so that the garbage collector walks none of them again
Edge = tuple[int, int]
"""The number of what an edge leads to, and the place of it that the edge comes in at."""

AT_VALUE, AT_NODE = -1, -2  # in the place of an edge: what comes to hooks on a value, or its node

NO_EDGES: frozenset[int] = frozenset()


class Takings:
    """What was taken of one backward.

    Attributes:
        rows: What passed each node, in order.
        met: What came to each leaf, by number.
        losses: How large each loss on an accelerator is, by the node that made it.
        sent: What came to hooks of the user's, see ``before``, in order.
        hooks: Where those after a node were registered, by number.
        views: Those without a hook: where each hands on what comes.
        waits: Each number is waited for.
        measure: Measures what came to a leaf.
        measure_passing: Measures what passes a node.
    """

    _was_spoilt = False  # in the last backward on an accelerator, something was not finite

    def __init__(self, reasons: Reasons, *, values: bool) -> None:
        self.rows: list[Row] = []
        self.met: list[tuple[int, sizes.Size]] = []
        self.losses: list[tuple[int, sizes.Size]] = []
        self.sent: list[tuple[Edge, sizes.Size]] = []
        self.hooks: dict[int, Sequence[Any]] = {}
        self.views: dict[int, Edge] = {}
        self.waits = Takings._was_spoilt
        self._reasons = reasons
        self._flows: dict[int, Passage] = {}
        self._arrivals: dict[int, list[float]] = {}
        self._before: dict[Edge, list[float]] = {}
        self._of_row = Measure.read if values else None
        measure = Meter().measure if values else sizes.size_of
        self.measure = self._at_once(measure)
        self.measure_passing = self.measure if values else self._at_once(sizes.passing_size_of)

    def _at_once(self, measure: Callable[[Tensor], sizes.Size]) -> Callable[[Tensor], sizes.Size]:
        return sizes.at_once(measure, self._of_row) if self.waits else measure

    @property
    def flows(self) -> dict[int, Passage]:
        """What passed the nodes that ran, by number."""
        self._read()
        return self._flows

    @property
    def arrivals(self) -> dict[int, list[float]]:
        """How much came to each leaf, by number."""
        self._read()
        return self._arrivals

    @property
    def before(self) -> dict[Edge, list[float]]:
        """How much came to hooks of the user's, by number of what they are on, and which these are:
        after a node the edge, else AT_VALUE or AT_NODE.
        """
        self._read()
        return self._before

    def is_spoilt(self, number: int) -> bool | None:
        """Say whether what came to a leaf is not finite, without waiting for a device; None where
        that is not known.
        """
        came = self._arrivals.get(number)
        return None if came is None else not all(map(math.isfinite, came))

    def settle(self) -> None:
        """The backward is over: turn what was measured into numbers, unless a device still works
        on it. That is waited for when somebody asks.
        """
        # A trace of many steps keeps what each brought, and needs no memory of theirs to measure in
        self.measure = self.measure_passing = sizes.size_of
        if not (waiting := self._waiting()):
            self._take(waiting)

    def _waiting(self) -> list[sizes.Size]:
        passed = (size for _, _, *both, _ in self.rows for sizes_ in both for size in sizes_)
        met = (size for _, size in (*self.met, *self.losses, *self.sent))
        return [size for size in (*passed, *met) if isinstance(size, Tensor)]

    def _read(self) -> None:
        """Turn what was measured into numbers, if that is still to be done."""
        if self.rows or self.met or self.losses:
            self._take(self._waiting())

    def _take(self, waiting: list[sizes.Size]) -> None:
        """Turn what was measured into numbers. Waits for the devices that some of it is on."""
        numbers = sizes.unseen(sizes.read, waiting, self._of_row)
        read = dict(zip(map(id, waiting), numbers, strict=True))
        for serial, size in self.losses:
            if not math.isfinite(read[id(size)] if isinstance(size, Tensor) else size):
                self._reasons.bear_unread(serial)
        for hooked, size in self.sent:
            self._before.setdefault(hooked, []).append(
                read[id(size)] if isinstance(size, Tensor) else size
            )
        for number, leads, came, went, empty in self.rows:
            flow = Passage(leads, _numbers(came, read), _numbers(went, read), empty or NO_EDGES)
            flow.flat = self._reasons.flat.get(number, flow.flat)
            flow.rounded = self._reasons.rounded.get(number, NO_EDGES)
            if number in self.hooks:
                self._look_at_hooks(number, flow)
            self._flowed(number, flow)
            for place, (lead, went_on) in enumerate(zip(leads, flow.went, strict=False)):
                for view in self._views_from(lead):
                    onward = (self.views[view][0],)
                    bare = frozenset((0,)) if empty and place in empty else NO_EDGES
                    self._flowed(view, Passage(onward, (went_on,), (went_on,), bare))
        for number, size in self.met:
            self._arrivals.setdefault(number, []).append(
                read[id(size)] if isinstance(size, Tensor) else size
            )
        self.rows, self.met, self.losses, self.sent = [], [], [], []
        if waiting or self.waits:
            arrived = (size for sizes_ in self._arrivals.values() for size in sizes_)
            is_sound = all(map(math.isfinite, arrived)) and not any(self._reasons.births({}))
            Takings._was_spoilt = not is_sound

    def _look_at_hooks(self, number: int, flow: Passage) -> None:
        """Say along which edges hooks after a node have made zeros of what left it."""
        flow.hooks = self.hooks[number]
        emptied = [
            edge
            for edge, went in enumerate(flow.went)
            if went == 0 and any(self._before.get((number, edge), ()))
        ]
        flow.emptied = frozenset(emptied)
        flow.flat = {**flow.flat, **dict.fromkeys(emptied, HOOKED)}

    def _flowed(self, number: int, flow: Passage) -> None:
        before = self._flows.get(number)
        self._flows[number] = flow if before is None else before.and_also(flow)

    def passed(self) -> set[int]:
        """Return the numbers of the nodes that ran, and of the views without a hook behind them."""
        leads = (lead for row in self.rows for lead in row[1])
        return {
            *self._flows,
            *(row[0] for row in self.rows),
            *(view for lead in leads for view in self._views_from(lead)),
        }

    def _views_from(self, number: int | None) -> Iterator[int]:
        """Yield the views without a hook that an edge leads through, if it leads to one."""
        while number in self.views:
            yield number
            number = self.views[number][0]


def _numbers(
    measured: tuple[sizes.Size | None, ...], read: dict[int, float]
) -> tuple[float | None, ...]:
    if not read:  # nothing had to be waited for
        return cast("tuple[float | None, ...]", measured)
    return tuple(read[id(size)] if isinstance(size, Tensor) else size for size in measured)
