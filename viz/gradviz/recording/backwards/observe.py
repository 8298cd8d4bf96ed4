"""Watches one backward, whoever runs it.

How large what arrives at each operation and each leaf is, and what goes on from there.

A hook after a node of the graph looks at what the engine hands it and lets go of it again; none is
there any more once the backward is over, whether or not it raised. A view that one operation took
in needs no hook: it hands on what that operation passed to it. No gradient and no node is held:
nodes are known by the tape's numbers, gradients by their size. What runs a backward of its own
inside (a reentrant checkpoint) is watched together with the one that it is part of.
"""

import math
import operator
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from itertools import repeat
from typing import Any

import torch
from torch import Tensor
from torch.utils.hooks import RemovableHandle

from gradviz.recording import torch_inside
from gradviz.recording.arithmetic import births, sizes
from gradviz.recording.arithmetic.faint import FAINT
from gradviz.recording.arithmetic.passage import Passage
from gradviz.recording.backwards.node_hooks import LookAtHooks
from gradviz.recording.backwards.reasons import EdgeGradients, Reasons
from gradviz.recording.backwards.takings import NO_EDGES, Edge, Takings
from gradviz.recording.entries.raising import Raised, last_taken, told_of, users_line
from gradviz.recording.names import ACCUMULATORS, is_accumulator
from gradviz.recording.tape import Tape
from gradviz.recording.tensor_state import accumulates
from gradviz.recording.uninterrupted import is_own
from gradviz.system.collector import holding
from gradviz.system.undo import Action, as_one


class Observation:
    """What one backward brings, as it is seen while it runs."""

    def __init__(self, tape: Tape, off: list[Action]) -> None:
        """``off`` gets what takes the hooks away, in C."""
        self.failure: Exception | None = None
        self._tape = tape
        self._reasons = Reasons(tape)
        # Torch's number of each node: of those that are ready, the engine takes the highest
        self._order: dict[int, int] = {}
        self._leaf_numbers: set[int] = set()
        # Of every hook in turn: what takes it away, from where, and its key there
        self._hooked: list[Any] = []
        three = [iter(self._hooked)] * 3
        off.append(partial(deque, map(operator.call, *three, repeat(None)), 0))
        self._off = off
        # leaves' own nodes: where only a checkpoint's backward will use one, nothing else keeps it
        self._held: list[Any] = []
        self._leaves: list[Tensor] = []
        # Measured as it left, and on its way: by number and place of what it goes to
        self._pending: dict[Edge, tuple[object, sizes.Size]] = {}
        self._takings = Takings(self._reasons, values=tape.values)
        self._hooks = LookAtHooks(tape.registered, self._takings, self._keep, self._safely)

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
            self._takings.views.update(
                (number, edges[0])
                for number, (node, edges) in met.items()
                if consumers[number] == 1
                and len(edges) == 1
                and edges[0] is not None
                and torch_inside.is_view(node)
                and number not in self._tape.hooks
                and not self._tape.registered.on_nodes
            )
        after = self._after  # bound once for all
        for number, (node, edges) in met.items():
            if number not in self._takings.views:
                leads, ends = self._ways_on(edges)
                own = node.register_hook(partial(after, number, leads, ends))
                self._hooks.at_node(node, number, self._keep(own))
        self._watch_leaves_without_an_edge()
        self._hooks.on_values(self._order, self._leaf_numbers)

    def _ways_on(
        self, edges: Sequence[Edge | None]
    ) -> tuple[tuple[int | None, ...], tuple[Edge | None, ...]]:
        """Return what the edges of a node lead to, and where what goes along them is met again."""
        views = self._takings.views
        leads = tuple([None if edge is None else edge[0] for edge in edges])
        ends = tuple(
            [
                self._behind_views(edge) if edge is not None and edge[0] in views else edge
                for edge in edges
            ]
        )
        return leads, ends

    def _walk(
        self, roots: Iterable[Any]
    ) -> tuple[dict[int, tuple[Any, list[Edge | None]]], dict[int, int]]:
        """Watch the leaves before some roots. Return the other nodes that were not met before, with
        their edges, and how many edges lead to each; a root has one more, from outside.
        """
        tape, order, accumulators = self._tape, self._order, ACCUMULATORS
        key, mark, step, leaf = tape.key, tape.mark, tape.step, self._watch_leaf
        met: dict[int, tuple[Any, list[Edge | None]]] = {}
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
                edges: list[Edge | None] = []
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

    def _behind_views(self, edge: Edge) -> Edge:
        """Return the edge by which views hand on what comes along another."""
        while edge[0] in self._takings.views:
            edge = self._takings.views[edge[0]]
        return edge

    def _watch_leaf(self, node: Any) -> int:
        number = self._tape.leaf(node.variable, live=True)
        if number not in self._leaf_numbers:
            self._leaf_numbers.add(number)
            self._leaves.append(node.variable)
            self._keep(node.register_prehook(partial(self._before_leaf, number)))
            self._hooks.at_node(node, number)
        return number

    def _keep(self, handle: RemovableHandle) -> Mapping[int, Any]:
        """Have a hook taken away at the end; return it with those that run beside it."""
        hooks: Any = handle.hooks_dict_ref()
        if hooks is not None:
            self._hooked += (type(hooks).pop, hooks, handle.id)
        return hooks or {}

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
            if loss.grad_fn is None:
                continue
            if loss.device.type == "cpu" or self._takings.waits:
                self._safely(self._reasons.look_at_loss, loss)
            elif loss.device.type != "meta":
                self._safely(self._measure_loss, loss)

    def _measure_loss(self, loss: Tensor) -> None:
        maker = self._tape.stamp(loss.grad_fn, None)
        self._takings.losses.append((maker.serial, self._takings.measure(loss)))

    # While it runs

    def _after(
        self,
        number: int,
        leads: tuple[int | None, ...],
        ends: tuple[Edge | None, ...],
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
        ends: tuple[Edge | None, ...],
        passed: EdgeGradients,
        arrived: EdgeGradients,
    ) -> None:
        pending, measure = self._pending, self._takings.measure_passing
        measured: dict[object, tuple[Tensor, sizes.Size]] = {}
        came: list[sizes.Size | None] = []
        went: list[sizes.Size | None] = []
        empty: frozenset[int] | None = None
        odd, largest = False, 0.0
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
                    empty = (empty or NO_EDGES) | {len(went)}
            went.append(size)
        if odd:
            self._reasons.look(number, came, went, passed, arrived)
        self._takings.rows.append((number, leads, tuple(came), tuple(went), empty))

    def _arrived(self, number: int, gradient: Tensor) -> None:
        left = self._pending.pop((number, 0), None)
        as_it_left = (
            left is not None
            and left[0] == _memory(gradient)
            and (self._tape.values or not isinstance(left[1], Tensor))
        )
        size = left[1] if left and as_it_left else self._takings.measure(gradient)
        self._takings.met.append((number, size))

    # After

    def end(self) -> list[Tensor]:
        """Take every hook away. Return the leaves that were watched, and hold them no more."""
        as_one(self._off)()
        self._off.clear()
        self._hooked.clear()
        self._held.clear()
        self._pending.clear()
        leaves, self._leaves = self._leaves, []
        return leaves

    @property
    def flows(self) -> dict[int, Passage]:
        """What passed the nodes that ran, by number."""
        return self._takings.flows

    @property
    def arrivals(self) -> dict[int, list[float]]:
        """How much came to each leaf, by number."""
        return self._takings.arrivals

    @property
    def before(self) -> dict[Edge, list[float]]:
        """How much came to hooks, see :class:`Takings`."""
        return self._takings.before

    def is_spoilt(self, number: int) -> bool | None:
        """Say whether what came to a leaf is known not to be finite; None where nothing is known to
        have come.
        """
        return self._takings.is_spoilt(number)

    def settle(self) -> None:
        """The backward is over: turn what was measured into numbers, where they are at hand."""
        self._takings.settle()

    def births(self, *, in_loss: bool = False) -> list[tuple[int, births.Born]]:
        """Return each birth of NaN or infinity with the node whose backward shows it, in order.

        0 or less where the loss does; with ``in_loss`` those alone.
        """
        flows = self.flows
        return list(self._reasons.births({} if in_loss else flows))

    def raised(self, error: BaseException, roots: tuple[int, ...]) -> Raised:
        """Say where a backward from some roots raised.

        In the user's Python code, or else in the node that the engine took last.
        """
        spot = users_line(error)
        if spot is not None:
            return Raised(told_of(error), None, spot)
        passed = self._takings.passed()
        return Raised(told_of(error), last_taken(self._tape.steps, roots, self._order, passed))


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
