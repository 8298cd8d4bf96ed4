"""Watches one backward, whoever runs it.

How large what arrives at each operation and each leaf is, and what goes on from there.

A hook after every node of the graph looks at what the engine hands it and lets go of it again; none
is there any more once the backward is over, whether or not it raised. No gradient and no node is
held: nodes are known by the tape's numbers, gradients by their size. What runs a backward of its
own inside (a reentrant checkpoint) is watched together with the one that it is part of.
"""

import math
import traceback
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor
from torch.utils.hooks import RemovableHandle

from gradviz.recording import births, flat, sizes, torch_inside, where
from gradviz.recording.amounts import Measure, Meter, amount_of
from gradviz.recording.records import Step
from gradviz.recording.tape import Tape, is_accumulator
from gradviz.recording.uninterrupted import Action, as_one, is_own
from gradviz.recording.where import Spot

if TYPE_CHECKING:
    from gradviz.graph import Amount

_MOST_BIRTHS = 4  # that are looked into
# What to read a strange node may raise
_ODD = (RuntimeError, TypeError, ValueError, IndexError, OverflowError)
_MOST_FLAT = 64  # nodes that make zeros, likewise


class Flow:
    """What passed one node.

    Attributes:
        leads: For each edge: the tape's number of what it leads to; None where it leads to nothing.
        came: Size of what arrived; None where nothing did.
        went: For each edge: size of what left along it; None where nothing did.
        empty: The edges along which a gradient without elements left.
        flat: Why zeros left along an edge that could be read; empty if that does not say.
        incoming: How much arrived, for each result of the node; empty unless values are measured.
        outgoing: How much left along each edge.
    """

    __slots__ = ("came", "empty", "flat", "incoming", "leads", "outgoing", "went")

    def __init__(self, leads: tuple[int | None, ...]) -> None:
        self.leads = leads
        self.came: float | None = None
        self.went: tuple[float | None, ...] = ()
        self.empty: set[int] = set()
        self.flat: dict[int, str] = {}
        self.incoming: tuple[Amount | None, ...] = ()
        self.outgoing: tuple[Amount | None, ...] = ()

    def and_also(self, other: "Flow") -> "Flow":
        """Return what passed the node here and there together."""
        both = Flow(self.leads)
        both.came = _either(self.came, other.came)
        both.went = tuple(map(_either, self.went, other.went))
        both.empty = self.empty & other.empty
        both.flat = self.flat | other.flat
        both.incoming = other.incoming or self.incoming
        both.outgoing = other.outgoing or self.outgoing
        return both


@dataclass(frozen=True, slots=True)
class Raised:
    """A backward that raised.

    Attributes:
        error: Type and text.
        node: The tape's number of the node that raised; None where it is not known.
        spot: The user's own line that raised, in a hook or a custom Function; None where torch
            itself did.
    """

    error: str
    node: int | None = None
    spot: Spot | None = None


class Observation:
    """What one backward brings, as it is seen while it runs."""

    def __init__(self, tape: Tape, off: list[Action]) -> None:
        """``off`` gets what takes the hooks away, in C."""
        self.flows: dict[int, Flow] = {}  # of the nodes that ran, by number
        self.arrivals: dict[int, list[float]] = {}  # at each leaf, by number
        self.born: dict[int, births.Born] = {}  # by number of the node whose backward shows it
        self._flats: set[int] = set()
        self.failure: Exception | None = None
        self._tape = tape
        self._watched: set[int] = set()
        # Torch's number of each node: of those that are ready, the engine takes the highest
        self._order: dict[int, int] = {}
        self._off = off
        # leaves' own nodes: where only a checkpoint's backward will use one, nothing else keeps it
        self._held: list[Any] = []
        self._leaves: list[Tensor] = []
        # Measured as it left, and on its way
        self._pending: dict[tuple[int, int], tuple[Any, sizes.Size]] = {}
        self._came: list[tuple[Flow, list[sizes.Size | None]]] = []
        self._went: list[tuple[Flow, list[sizes.Size | None]]] = []
        self._met: list[tuple[int, sizes.Size]] = []
        self._measure = Meter().measure if tape.values else sizes.size_of

    # Before

    def watch(self, roots: Iterable[Any]) -> None:
        """Put a hook on every node before some roots, and on every leaf that
        gradient may come to.
        """
        tape, watched = self._tape, self._watched
        stack = [root for root in roots if root is not None]
        while stack:
            node = stack.pop()
            if is_accumulator(node):
                self._watch_leaf(node)
                continue
            number = tape.stamp(node, None).serial
            if number in watched:
                continue
            watched.add(number)
            self._order[number] = torch_inside.node_number(node)
            leads: list[tuple[int, int] | None] = []
            for before, place in node.next_functions:
                if before is None:
                    leads.append(None)
                elif is_accumulator(before):
                    leads.append((self._watch_leaf(before), 0))
                else:
                    leads.append((tape.stamp(before, None).serial, place))
                    stack.append(before)
            self._keep(node.register_hook(self._after(number, leads)))
        self._watch_leaves_without_an_edge()

    def _watch_leaf(self, node: Any) -> int:
        number = self._tape.leaf(node.variable, live=True)
        if number not in self._watched:
            self._watched.add(number)
            self._leaves.append(node.variable)
            self._keep(node.register_prehook(self._arriving(number)))
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
            if number not in self._watched and leaf.is_leaf and leaf.requires_grad:
                node = torch.autograd.graph.get_gradient_edge(leaf).node
                self._held.append(node)
                self._watch_leaf(node)

    # While it runs

    def _after(self, number: int, leads: list[tuple[int, int] | None]) -> Any:
        flow = Flow(tuple(None if lead is None else lead[0] for lead in leads))

        def after(passed: tuple[Tensor | None, ...], arrived: tuple[Tensor | None, ...]) -> None:
            if self.failure is None:
                try:
                    sizes.unseen(self._passed, number, flow, leads, passed, arrived)
                except Exception as failure:
                    self._failed(failure)

        return after

    def _passed(
        self,
        number: int,
        flow: Flow,
        leads: list[tuple[int, int] | None],
        passed: tuple[Tensor | None, ...],
        arrived: tuple[Tensor | None, ...],
    ) -> None:
        known: dict[Any, sizes.Size] = {}
        came: list[sizes.Size | None] = []
        for place, gradient in enumerate(arrived):
            if gradient is None:
                came.append(None)
                continue
            key = _key(gradient)
            known[key] = self._size((number, place), key, gradient)
            came.append(known[key])
        went: list[sizes.Size | None] = []
        for lead, gradient in zip(leads, passed, strict=False):
            if gradient is None or lead is None:
                went.append(None)
                continue
            key = _key(gradient)
            size = known[key] if key in known else known.setdefault(key, self._measure(gradient))
            self._pending[lead] = (key, size)
            if gradient.numel() == 0:
                flow.empty.add(len(went))
            went.append(size)
        there = [size for size in came if size is not None]
        self._look_for_births(number, there, went, passed)
        self._look_for_zeros(number, flow, there, went, passed, arrived)
        self.flows[number] = flow
        self._came.append((flow, came))
        self._went.append((flow, went))

    def _failed(self, failure: Exception) -> None:
        if not is_own(failure):
            raise failure
        self.failure = failure

    def _look_for_births(
        self,
        number: int,
        came: list[sizes.Size],
        went: list[sizes.Size | None],
        passed: tuple[Tensor | None, ...],
    ) -> None:
        """Where finite gradient came and what leaves is not, say why, while what the node saved is
        there.
        """
        if len(self.born) >= _MOST_BIRTHS or all(
            not isinstance(size, float) or math.isfinite(size) for size in went
        ):
            return
        if any(not isinstance(size, float) or not math.isfinite(size) for size in came):
            return
        node = torch_inside.current_node()
        if node is None or self._tape.stamp(node, None).serial != number:
            return
        gradients = [
            values for one in passed if one is not None and (values := sizes.plain(one)) is not None
        ]
        with suppress(*_ODD):  # else it is told without its reason
            self._bear(number, *births.look(node, gradients))

    def _look_for_zeros(
        self,
        number: int,
        flow: Flow,
        came: list[sizes.Size],
        went: list[sizes.Size | None],
        passed: tuple[Tensor | None, ...],
        arrived: tuple[Tensor | None, ...],
    ) -> None:
        """Where gradient came and zeros leave, say why, while what the node saved is there."""
        edges = [
            edge
            for edge, size in enumerate(went)
            if isinstance(size, float) and size == 0 and edge not in flow.empty
        ]
        if (
            not edges
            or len(self._flats) >= _MOST_FLAT
            or all(not isinstance(size, float) or size == 0 for size in came)
        ):
            return
        node = torch_inside.current_node()
        if node is None or self._tape.stamp(node, None).serial != number:
            return
        self._flats.add(number)
        first = next((gradient for gradient in arrived if gradient is not None), None)
        for edge in edges:
            gradient = passed[edge]
            with suppress(*_ODD):  # else the reason stays unknown
                flow.flat |= flat.look(node, edge, first, gradient)

    def _bear(self, shown: int, node: Any, forward: bool, why: str, mend: str) -> None:
        self.born[shown] = births.Born(self._tape.stamp(node, None).serial, forward, why, mend)

    def look_at_losses(self, losses: Iterable[Tensor]) -> None:
        """Where a loss is NaN or infinite before its backward begins, say where that was made."""
        try:
            for loss in losses:
                # Nobody is to wait for another device
                if loss.device.type == "cpu" and loss.grad_fn is not None:
                    sizes.unseen(self._look_at_loss, loss)
        except Exception as failure:
            self._failed(failure)

    def _look_at_loss(self, loss: Tensor) -> None:
        size = sizes.size_of(loss)
        if isinstance(size, float) and not math.isfinite(size):
            found = None
            with suppress(*_ODD):
                found = births.made_in_forward([loss.grad_fn], spoiled=True)
            self._bear(
                -len(self.born),
                *(found or (loss.grad_fn, True, *births.unread(loss.grad_fn))),
            )

    def _arriving(self, number: int) -> Any:
        def arriving(gradients: tuple[Tensor | None, ...]) -> None:
            if self.failure is None:
                try:
                    for gradient in gradients:
                        if gradient is not None:
                            self.arrived(number, gradient)
                except Exception as failure:
                    self._failed(failure)

        return arriving

    def arrived(self, number: int, gradient: Tensor) -> None:
        """Take note of what arrived at a leaf."""
        self._met.append((number, sizes.unseen(self._size, (number, 0), _key(gradient), gradient)))

    def _size(self, place: tuple[int, int], key: Any, gradient: Tensor) -> sizes.Size:
        """Return the size of what arrives at a place.

        As it left, where it is what was measured then.
        """
        left = self._pending.pop(place, None)
        return left[1] if left is not None and left[0] == key else self._measure(gradient)

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
            size for _, came in self._came for size in came if size is not None
        ]
        waiting += [size for _, went in self._went for size in went if size is not None]
        waiting += [size for _, size in self._met]
        numbers = iter(sizes.read(waiting, Measure.read if self._tape.values else None))
        for flow, came in self._came:
            arrived = tuple(None if size is None else next(numbers) for size in came)
            flow.came = _either(
                flow.came, sizes.together([size for size in arrived if size is not None])
            )
            flow.incoming = tuple(map(amount_of, arrived)) if self._tape.values else ()
        for flow, went in self._went:
            left = tuple(None if size is None else next(numbers) for size in went)
            flow.went = tuple(map(_either, flow.went, left)) if flow.went else left
            flow.outgoing = tuple(map(amount_of, left)) if self._tape.values else ()
        for number, _ in self._met:
            self.arrivals.setdefault(number, []).append(next(numbers))
        self._came, self._went, self._met = [], [], []

    def births(self) -> list[tuple[int, births.Born]]:
        """Return each birth of NaN or infinity with the node whose backward shows it, in order.

        0 or less where the loss does.
        """
        told = [(shown, born) for shown, born in self.born.items() if shown <= 0]
        for number, flow in self.flows.items():
            if (
                flow.came is None
                or not math.isfinite(flow.came)
                or all(size is None or math.isfinite(size) for size in flow.went)
            ):
                continue
            step = self._tape.steps.get(number)
            name = "" if step is None else step.name
            told.append(
                (number, self.born.get(number) or births.Born(number, False, *births.usually(name)))
            )
        return told

    def raised(self, error: BaseException, roots: tuple[int, ...]) -> Raised:
        """Say where a backward from some roots raised.

        In the user's Python code, or else in the node that the engine took last.
        """
        text = f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}".rstrip(
            ": "
        )
        spot = _users_line(error)
        return Raised(text, self._last_taken(roots) if spot is None else None, spot)

    def _last_taken(self, roots: tuple[int, ...]) -> int | None:
        """Of the nodes that everything had arrived at, the engine takes the one
        that was made last.
        """
        steps, started = self._tape.steps, self.flows
        ready: set[int] = set()
        waits: set[int] = set()
        seen, stack = set(roots), list(roots)
        while stack:
            number = stack.pop()
            if number not in steps or number not in self._order:
                continue
            if number not in started:
                ready.add(number)
                waits.update(_before(steps, number))
                continue
            for source in steps[number].nexts:
                if source not in seen:
                    seen.add(source)
                    stack.append(source)
        return max(ready - waits, key=self._order.__getitem__, default=None)


def _before(steps: Mapping[int, Step], number: int) -> set[int]:
    """Return everything before a node, without it."""
    seen: set[int] = set()
    stack = [number]
    while stack:
        step = steps.get(stack.pop())
        for source in () if step is None else step.nexts:
            if source not in seen:
                seen.add(source)
                stack.append(source)
    return seen


def _users_line(error: BaseException) -> Spot | None:
    """Return the user's own line that raised inside the engine: of a hook, or of a custom Function.

    None where torch raised.
    """
    inside, spot = False, None
    for frame, _ in traceback.walk_tb(error.__traceback__):
        if frame.f_code.co_name == torch_inside.ENGINE:
            inside, spot = True, None
        elif inside and where.level(frame.f_code.co_filename) != where.INSIDE:
            spot = Spot(frame.f_code, frame.f_lasti)
    return spot


def _either(one: float | None, other: float | None) -> float | None:
    return sizes.together([size for size in (one, other) if size is not None])


def _key(gradient: Tensor) -> object:
    """Return what tells that two tensors are the same numbers in the same memory, in whatever
    order.
    """
    if (
        gradient.layout != torch.strided
        or gradient.is_nested
        or gradient.device.type == "meta"
        or not (memory := gradient.data_ptr())
    ):
        return object()
    version = torch_inside.version(gradient)
    return (
        object()
        if version is None
        else (memory, version, gradient.numel(), tuple(sorted(gradient.stride())))
    )


class Backward:
    """A backward call that the step made itself.

    Attributes:
        roots: The tape's numbers of the tensors it began from.
        seen: What it brought; None where it was not watched.
        asked: The leaves that it was to bring gradient to, by number; None for all of them.
        spot: The line that called it.
        raised: Where it raised, if it did.
    """

    __slots__ = ("asked", "raised", "roots", "seen", "spot")

    def __init__(
        self, roots: tuple[int, ...], seen: Observation | None, asked: frozenset[int] | None
    ) -> None:
        self.roots = roots
        self.seen = seen
        self.asked = asked
        self.spot = where.NOWHERE
        self.raised: Raised | None = None

    def take(self, number: int, gradient: Tensor) -> None:
        """Take note of what was brought to a leaf whose hook does not see it."""
        if self.seen is not None:
            self.seen.arrived(number, gradient)


class Observer:
    """Watches the backwards of one thread, those inside others as a part of these."""

    def __init__(self, tape: Tape) -> None:
        self._tape = tape
        self._running: Observation | None = None

    @property
    def is_running(self) -> bool:
        return self._running is not None

    def begin(
        self, losses: Iterable[Tensor], inputs: Iterable[Tensor] | None, off: list[Action]
    ) -> Backward:
        """Watch the backward that begins now.

        Args:
            losses: What it begins from.
            inputs: The leaves that it is to bring gradient to; None for all of them.
            off: Gets what ends watching, whatever happens, where it is no part of another.
        """
        tape = self._tape
        live = [loss for loss in losses if loss.requires_grad]
        roots = tuple(tape.live(loss) for loss in live)
        asked = (
            None
            if inputs is None
            else frozenset(tape.live(leaf) for leaf in inputs if leaf.requires_grad)
        )
        if self._running is None and not _can_be_watched():
            return Backward(roots, None, asked)
        if self._running is None:
            off.append(partial(setattr, self, "_running", None))
            # Which a hook here switches for a moment
            off.append(partial(torch_inside.set_grad_enabled, torch.is_grad_enabled()))
            self._running = Observation(tape, off)
        self._running.look_at_losses(live)
        self._running.watch(torch.autograd.graph.get_gradient_edge(loss).node for loss in live)
        return Backward(roots, self._running, asked)

    def end(
        self, backward: Backward | None, error: BaseException | None, *, outermost: bool
    ) -> list[Tensor]:
        """It is over, or it raised; None where it could not be watched.

        Return the leaves that it may have left gradient in.
        """
        seen, leaves = self._running, []
        if outermost and seen is not None:
            self._running = None
            leaves = seen.end()
            self._tape.held.clear()
        if backward is None:
            return leaves
        if error is not None and backward.seen is not None:
            backward.raised = backward.seen.raised(error, backward.roots)
        self._tape.ended(backward)
        if outermost and seen is not None:
            seen.settle()
        return leaves


def _can_be_watched() -> bool:
    """Not while backward itself is compiled, or recorded into a CUDA graph.

    Both would take the looking in.
    """
    capturing = (
        torch.cuda.is_available()
        and torch.cuda.is_initialized()  # type: ignore[no-untyped-call]
        and torch.cuda.is_current_stream_capturing()
    )
    return not capturing and not torch_inside.backward_is_compiled()
