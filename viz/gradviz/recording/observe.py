"""Watches one backward, whoever runs it.

How large what arrives at each operation and each leaf is, and what goes on from there.

A hook after every node of the graph looks at what the engine hands it and lets go of it again; none
is there any more once the backward is over, whether or not it raised. No gradient and no node is
held: nodes are known by the tape's numbers, gradients by their size. What runs a backward of its
own inside (a reentrant checkpoint) is watched together with the one that it is part of.
"""

import math
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, cast

import torch
from torch import Tensor
from torch.utils.hooks import RemovableHandle

from gradviz.recording import births, sizes, torch_inside
from gradviz.recording.amounts import Measure, Meter
from gradviz.recording.passage import Flow
from gradviz.recording.raising import Raised, last_taken, told_of, users_line
from gradviz.recording.reasons import Gradients, Reasons
from gradviz.recording.tape import Tape, is_accumulator
from gradviz.recording.tensor_state import accumulates
from gradviz.recording.uninterrupted import Action, as_one, is_own

_Row = tuple[
    int,  # the node's number
    tuple[int | None, ...],  # what each edge leads to
    list[sizes.Size | None],  # what came
    list[sizes.Size | None],  # what went
    frozenset[int],  # the edges along which nothing but an empty gradient went
]
_NO_EDGES: frozenset[int] = frozenset()


class Observation:
    """What one backward brings, as it is seen while it runs."""

    def __init__(self, tape: Tape, off: list[Action]) -> None:
        """``off`` gets what takes the hooks away, in C."""
        self.flows: dict[int, Flow] = {}  # of the nodes that ran, by number
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
        self._pending: dict[tuple[int, int], tuple[object, sizes.Size]] = {}
        self._rows: list[_Row] = []
        self._met: list[tuple[int, sizes.Size]] = []
        self._measure = Meter().measure if tape.values else sizes.size_of

    # Before

    def watch(self, roots: Iterable[Any]) -> None:
        """Put a hook on every node before some roots, and on every leaf that
        gradient may come to.
        """
        tape, order = self._tape, self._order
        stack: list[tuple[Any, int]] = []
        for root in roots:
            if root is not None and is_accumulator(root):
                self._watch_leaf(root)
            elif root is not None:
                stack.append((root, tape.stamp(root, None).serial))
        while stack:
            node, number = stack.pop()
            if number in order:
                continue
            order[number] = torch_inside.node_number(node)
            leads: list[int | None] = []
            places: list[int] = []
            for before, place in node.next_functions:
                places.append(place)
                if before is None:
                    leads.append(None)
                elif is_accumulator(before):
                    leads.append(self._watch_leaf(before))
                else:
                    earlier = tape.stamp(before, None).serial
                    leads.append(earlier)
                    if earlier not in order:
                        stack.append((before, earlier))
            self._keep(
                node.register_hook(partial(self._after, number, tuple(leads), tuple(places)))
            )
        self._watch_leaves_without_an_edge()

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
        places: tuple[int, ...],
        passed: Gradients,
        arrived: Gradients,
    ) -> None:
        self._safely(self._passed, number, leads, places, passed, arrived)

    def _before_leaf(self, number: int, gradients: Gradients) -> None:
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
        places: tuple[int, ...],
        passed: Gradients,
        arrived: Gradients,
    ) -> None:
        pending, measure = self._pending, self._measure
        measured: dict[object, sizes.Size] = {}
        came: list[sizes.Size | None] = []
        went: list[sizes.Size | None] = []
        empty, odd = _NO_EDGES, False
        for place, gradient in enumerate(arrived):
            if gradient is None:
                came.append(None)
                continue
            memory = _memory(gradient)
            left = pending.pop((number, place), None)
            size = left[1] if left is not None and left[0] == memory else measure(gradient)
            measured[memory] = size
            came.append(size)
        for lead, place, gradient in zip(leads, places, passed, strict=False):
            if gradient is None or lead is None:
                went.append(None)
                continue
            memory = _memory(gradient)
            known_size = measured.get(memory)
            size = measure(gradient) if known_size is None else known_size
            measured[memory] = size
            pending[lead, place] = (memory, size)
            if type(size) is not Tensor and not 0 < size < math.inf:
                odd = True
            if gradient.numel() == 0:
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
            flow = Flow(leads, _numbers(came, read), _numbers(went, read), empty)
            flow.flat = self._reasons.flat.get(number, {})
            before = self.flows.get(number)
            self.flows[number] = flow if before is None else before.and_also(flow)
        for number, size in self._met:
            self.arrivals.setdefault(number, []).append(
                read[id(size)] if isinstance(size, Tensor) else size
            )
        self._rows, self._met = [], []

    def births(self) -> list[tuple[int, births.Born]]:
        """Return each birth of NaN or infinity with the node whose backward shows it, in order.

        0 or less where the loss does.
        """
        return list(self._reasons.births(self.flows))

    def raised(self, error: BaseException, roots: tuple[int, ...]) -> Raised:
        """Say where a backward from some roots raised.

        In the user's Python code, or else in the node that the engine took last.
        """
        spot = users_line(error)
        if spot is not None:
            return Raised(told_of(error), None, spot)
        passed = self.flows.keys() | {row[0] for row in self._rows}
        return Raised(told_of(error), last_taken(self._tape.steps, roots, self._order, passed))


def _numbers(measured: list[sizes.Size | None], read: dict[int, float]) -> tuple[float | None, ...]:
    if not read:  # nothing had to be waited for
        return cast("tuple[float | None, ...]", tuple(measured))
    return tuple(read[id(size)] if isinstance(size, Tensor) else size for size in measured)


def _memory(gradient: Tensor) -> object:
    """Return what tells that two tensors are the same numbers in the same memory, in whatever
    order.
    """
    if (
        gradient.layout != torch.strided
        or gradient.is_nested
        or gradient.is_meta
        or not (memory := gradient.data_ptr())
    ):
        return object()
    version = torch_inside.version(gradient)
    if version is None:
        return object()
    return memory, version, gradient.numel(), tuple(sorted(gradient.stride()))
