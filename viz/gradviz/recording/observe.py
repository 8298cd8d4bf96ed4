"""Watches one backward, whoever runs it.

How large what arrives at each operation and each leaf is, and what goes on from there.

A hook after a node of the graph looks at what the engine hands it and lets go of it again; none is
there any more once the backward is over, whether or not it raised. A view that one operation took
in needs no hook: it hands on what that operation passed to it. No gradient and no node is held:
nodes are known by the tape's numbers, gradients by their size. What runs a backward of its own
inside (a reentrant checkpoint) is watched together with the one that it is part of.
"""

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import Any, cast

import torch
from torch import Tensor
from torch.utils.hooks import RemovableHandle

from gradviz.recording import births, sizes, torch_inside
from gradviz.recording.amounts import Measure, Meter
from gradviz.recording.faint import FAINT
from gradviz.recording.names import ACCUMULATORS, is_accumulator
from gradviz.recording.passage import Passage
from gradviz.recording.raising import Raised, last_taken, told_of, users_line
from gradviz.recording.reasons import EdgeGradients, Reasons
from gradviz.recording.tape import Tape
from gradviz.recording.tensor_state import accumulates
from gradviz.recording.uninterrupted import is_own
from gradviz.system.collector import holding
from gradviz.system.undo import Action, as_one

_Row = tuple[
    int,  # the node's number
    tuple[int | None, ...],  # what each edge leads to
    list[sizes.Size | None],  # what came
    list[sizes.Size | None],  # what went
    frozenset[int],  # the edges along which nothing but an empty gradient went
]
_NO_EDGES: frozenset[int] = frozenset()
_Edge = tuple[int, int]
"""The number of what an edge leads to, and the place of it that the edge comes in at."""


class Observation:
    """What one backward brings, as it is seen while it runs."""

    def __init__(self, tape: Tape, off: list[Action]) -> None:
        """``off`` gets what takes the hooks away, in C."""
        self.flows: dict[int, Passage] = {}  # of the nodes that ran, by number
        self.arrivals: dict[int, list[float]] = {}  # at each leaf, by number
        self.failure: Exception | None = None
        self._tape = tape
        self._reasons = Reasons(tape)
        # Torch's number of each node: of those that are ready, the engine takes the highest
        self._order: dict[int, int] = {}
        self._leaf_numbers: set[int] = set()
        self._off = off
        # leaves' own nodes: where only a checkpoint's backward will use one, nothing else keeps it
        self._held: list[Any] = []
        self._leaves: list[Tensor] = []
        # Measured as it left, and on its way: by number and place of what it goes to
        self._pending: dict[_Edge, tuple[object, sizes.Size]] = {}
        self._views: dict[int, _Edge] = {}  # without a hook: where each hands on what comes
        self._rows: list[_Row] = []
        self._met: list[tuple[int, sizes.Size]] = []
        self._measure = Meter().measure if tape.values else sizes.size_of

    # Before

    @holding
    def watch(self, roots: Iterable[Any], *, whole: bool) -> None:
        """Put a hook on every node before some roots but views that need none, and on every leaf
        that gradient may come to.

        ``whole`` where every node will run: no leaves are asked for.
        """
        met, consumers = self._walk(roots)
        # Measured in full, a view has a hook too: it may copy what comes into another order, in
        # which the last digit of the norm is another
        if whole and not self._tape.values:
            self._views.update(
                (number, edges[0])
                for number, (node, edges) in met.items()
                if consumers[number] == 1
                and len(edges) == 1
                and edges[0] is not None
                and torch_inside.is_view(node)
                and number not in self._tape.hooks
            )
        for number, (node, edges) in met.items():
            if number not in self._views:
                self._watch_node(number, node, edges)
        self._watch_leaves_without_an_edge()

    def _watch_node(self, number: int, node: Any, edges: Sequence[_Edge | None]) -> None:
        views = self._views
        leads = tuple([None if edge is None else edge[0] for edge in edges])
        ends = tuple(
            [
                self._behind_views(edge) if edge is not None and edge[0] in views else edge
                for edge in edges
            ]
        )
        self._keep(node.register_hook(partial(self._after, number, leads, ends)))

    def _walk(
        self, roots: Iterable[Any]
    ) -> tuple[dict[int, tuple[Any, list[_Edge | None]]], dict[int, int]]:
        """Watch the leaves before some roots. Return the other nodes that were not met before, with
        their edges, and how many edges lead to each; a root has one more, from outside.
        """
        tape, order, accumulators = self._tape, self._order, ACCUMULATORS
        key, mark, step, leaf = tape.key, tape.mark, tape.step, self._watch_leaf
        met: dict[int, tuple[Any, list[_Edge | None]]] = {}
        consumers: dict[int, int] = {}
        for root in roots:
            if is_accumulator(root):
                leaf(root)
                continue
            stamp = root.metadata.get(key) or mark(root)
            consumers[stamp.serial] = consumers.get(stamp.serial, 0) + 2
            stack = [] if stamp.serial in order else [(root, stamp)]
            order[stamp.serial] = stamp.node
            while stack:
                node, stamp = stack.pop()
                edges: list[_Edge | None] = []
                for before, place in node.next_functions:
                    if before is None:
                        edges.append(None)
                        continue
                    accumulates = accumulators.get(type(before))
                    if accumulates or (accumulates is None and is_accumulator(before)):
                        edges.append((leaf(before), place))
                        continue
                    earlier = before.metadata.get(key) or mark(before)
                    number = earlier.serial
                    edges.append((number, place))
                    consumers[number] = consumers.get(number, 0) + 1
                    if number not in order:
                        order[number] = earlier.node
                        stack.append((before, earlier))
                met[stamp.serial] = node, edges
                if not stamp.walked:
                    step(node, stamp, [edge[0] for edge in edges if edge is not None])
        return met, consumers

    def _behind_views(self, edge: _Edge) -> _Edge:
        """Return the edge by which views hand on what comes along another."""
        while edge[0] in self._views:
            edge = self._views[edge[0]]
        return edge

    def _watch_leaf(self, node: Any) -> int:
        number = self._tape.leaf(node.variable, live=True)
        if number not in self._leaf_numbers:
            self._leaf_numbers.add(number)
            self._leaves.append(node.variable)
            self._keep(node.register_prehook(partial(self._before_leaf, number)))
        return number

    def _keep(self, handle: RemovableHandle) -> None:
        hooks = handle.hooks_dict_ref()
        if hooks is not None:
            self._off.append(partial(hooks.pop, handle.id, None))

    def _watch_leaves_without_an_edge(self) -> None:
        """A reentrant checkpoint runs a backward of its own, which reaches leaves that no edge
        leads to.
        """
        for number, leaf in self._tape.held.items():
            # Else frozen since
            takes = leaf.is_leaf and leaf.requires_grad and accumulates(leaf)
            if takes and number not in self._leaf_numbers:
                node = torch.autograd.graph.get_gradient_edge(leaf).node
                self._held.append(node)
                self._watch_leaf(node)

    def look_at_losses(self, losses: Iterable[Tensor]) -> None:
        """Where a loss is NaN or infinite before its backward begins, say where that was made."""
        for loss in losses:
            # Nobody is to wait for another device
            if loss.device.type == "cpu" and loss.grad_fn is not None:
                self._safely(self._reasons.look_at_loss, loss)

    # While it runs

    def _after(
        self,
        number: int,
        leads: tuple[int | None, ...],
        ends: tuple[_Edge | None, ...],
        passed: EdgeGradients,
        arrived: EdgeGradients,
    ) -> None:
        self._safely(self._passed, number, leads, ends, passed, arrived)

    def _before_leaf(self, number: int, gradients: EdgeGradients) -> None:
        for gradient in gradients:
            if gradient is not None:
                self.arrived(number, gradient)

    def arrived(self, number: int, gradient: Tensor) -> None:
        """Take note of what arrived at a leaf."""
        self._safely(self._arrived, number, gradient)

    def _safely(self, look: Callable[..., None], *args: Any) -> None:
        """Look at something, unseen by the user's modes; no failure goes on to the user."""
        if self.failure is not None:
            return
        try:
            sizes.unseen(look, *args)
        except Exception as failure:
            if not is_own(failure):
                raise
            self.failure = failure

    def _passed(
        self,
        number: int,
        leads: tuple[int | None, ...],
        ends: tuple[_Edge | None, ...],
        passed: EdgeGradients,
        arrived: EdgeGradients,
    ) -> None:
        pending, measure = self._pending, self._measure
        measured: dict[object, tuple[Tensor, sizes.Size]] = {}
        came: list[sizes.Size | None] = []
        went: list[sizes.Size | None] = []
        empty, odd, largest = _NO_EDGES, False, 0.0
        for place, gradient in enumerate(arrived):
            if gradient is None:
                came.append(None)
                continue
            memory = _memory(gradient)
            left = pending.pop((number, place), None)
            size = left[1] if left is not None and left[0] == memory else measure(gradient)
            measured[memory] = gradient, size
            came.append(size)
            if isinstance(size, float) and size > largest:
                largest = size
        for end, gradient in zip(ends, passed, strict=False):
            if gradient is None or end is None:
                went.append(None)
                continue
            memory = _memory(gradient)
            like = measured.get(memory)
            if like is None or not _covers_the_same(like[0], gradient):
                like = measured[memory] = gradient, measure(gradient)
            size = like[1]
            pending[end] = memory, size
            if type(size) is not Tensor and not (0 < size < math.inf and size >= FAINT * largest):
                odd = True
                if not gradient.numel():
                    empty |= {len(went)}
            went.append(size)
        if odd:
            self._reasons.look(number, came, went, passed, arrived)
        self._rows.append((number, leads, came, went, empty))

    def _arrived(self, number: int, gradient: Tensor) -> None:
        left = self._pending.pop((number, 0), None)
        as_it_left = left is not None and left[0] == _memory(gradient)
        self._met.append((number, left[1] if left and as_it_left else self._measure(gradient)))

    # After

    def end(self) -> list[Tensor]:
        """Take every hook away. Return the leaves that were watched, and hold them no more."""
        as_one(self._off)()
        self._off.clear()
        self._held.clear()
        self._pending.clear()
        leaves, self._leaves = self._leaves, []
        return leaves

    def settle(self) -> None:
        """Turn what was measured into numbers, once the backward is over."""
        waiting: list[sizes.Size] = [
            size
            for _, _, came, went, _ in self._rows
            for size in (*came, *went)
            if isinstance(size, Tensor)
        ]
        waiting += [size for _, size in self._met if isinstance(size, Tensor)]
        numbers = sizes.read(waiting, Measure.read if self._tape.values else None)
        read = dict(zip(map(id, waiting), numbers, strict=True))
        for number, leads, came, went, empty in self._rows:
            flow = Passage(leads, _numbers(came, read), _numbers(went, read), empty)
            flow.flat = self._reasons.flat.get(number, {})
            flow.rounded = self._reasons.rounded.get(number, _NO_EDGES)
            self._flowed(number, flow)
            for place, (lead, went_on) in enumerate(zip(leads, flow.went, strict=False)):
                for view in self._views_from(lead):
                    onward = (self._views[view][0],)
                    bare = frozenset((0,)) if place in empty else _NO_EDGES
                    self._flowed(view, Passage(onward, (went_on,), (went_on,), bare))
        for number, size in self._met:
            self.arrivals.setdefault(number, []).append(
                read[id(size)] if isinstance(size, Tensor) else size
            )
        self._rows, self._met = [], []

    def _flowed(self, number: int, flow: Passage) -> None:
        before = self.flows.get(number)
        self.flows[number] = flow if before is None else before.and_also(flow)

    def _views_from(self, number: int | None) -> Iterator[int]:
        """Yield the views without a hook that an edge leads through, if it leads to one."""
        while number in self._views:
            yield number
            number = self._views[number][0]

    def births(self, *, in_loss: bool = False) -> list[tuple[int, births.Born]]:
        """Return each birth of NaN or infinity with the node whose backward shows it, in order.

        0 or less where the loss does; with ``in_loss`` those alone.
        """
        return list(self._reasons.births({} if in_loss else self.flows))

    def raised(self, error: BaseException, roots: tuple[int, ...]) -> Raised:
        """Say where a backward from some roots raised.

        In the user's Python code, or else in the node that the engine took last.
        """
        spot = users_line(error)
        if spot is not None:
            return Raised(told_of(error), None, spot)
        passed = self.flows.keys() | {row[0] for row in self._rows}
        passed |= {view for row in self._rows for lead in row[1] for view in self._views_from(lead)}
        return Raised(told_of(error), last_taken(self._tape.steps, roots, self._order, passed))


def _numbers(measured: list[sizes.Size | None], read: dict[int, float]) -> tuple[float | None, ...]:
    if not read:  # nothing had to be waited for
        return cast("tuple[float | None, ...]", tuple(measured))
    return tuple(read[id(size)] if isinstance(size, Tensor) else size for size in measured)


def _memory(gradient: Tensor) -> object:
    """Return what tells that a gradient is the one that left for the same place: nobody has put
    another there, or written into it.
    """
    if not sizes.is_simple(gradient) and (
        torch_inside.is_opaque(gradient)
        or gradient.layout != torch.strided
        or gradient.is_nested
        or gradient.is_meta
    ):
        return object()
    memory, version = gradient.data_ptr(), torch_inside.version(gradient)
    return (memory, version, gradient.numel()) if memory and version is not None else object()


def _covers_the_same(first: Tensor, second: Tensor) -> bool:
    """Say whether two tensors that begin in one place of memory, and have as many elements, are the
    same numbers in whatever order.
    """
    strides = first.stride(), second.stride()
    return (
        strides[0] == strides[1]
        or sorted(strides[0]) == sorted(strides[1])
        or (first.is_contiguous() and second.is_contiguous())
    )
