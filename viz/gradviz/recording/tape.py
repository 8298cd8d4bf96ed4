"""What a trace has seen, as plain data.

Autograd nodes by number, calls that autograd did not record, leaves, writes to memory.

No module or autograd node is held, and no tensor but the leaves of a reentrant checkpoint until its
backward. How tensors are known is told in ``identity``; autograd nodes are known by the sequence
numbers that torch gives them as they are made, so that the common call touches none, and by a stamp
in their metadata once they matter.
"""

import itertools
import weakref
from bisect import bisect_left
from collections.abc import Hashable, Iterable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.parameter import is_lazy

from gradviz.graph import CutKind
from gradviz.recording import torch_inside
from gradviz.recording.deep import Trampoline, wants_trampoline
from gradviz.recording.identity import Facts, Switched, Tensors
from gradviz.recording.repeats import Repeats
from gradviz.recording.where import NOWHERE, Spot
from gradviz.recording.writes import Writes

if TYPE_CHECKING:
    from gradviz.recording.observe import Backward

_numbers = itertools.count()
_NEAR = 4096  # values that are looked at to say whether one went into another
MOST = 300_000  # calls that are kept, some 100 MB; of more, the older half is forgotten


class Stamp:
    """What is written into the metadata of an autograd node. It dies with the node.

    Attributes:
        serial: The node's number on the tape.
        spot: The line that made it; None for a node inside a composite call.
        sources: Numbers of values that went in without a gradient edge.
        factors: Those of them that its derivative depends on.
        walked: The node and what is before it are on the tape.
    """

    __slots__ = ("factors", "serial", "sources", "spot", "walked")

    def __init__(
        self, serial: int, spot: Spot | None = None, sources: tuple[int, ...] = ()
    ) -> None:
        self.serial = serial
        self.spot = spot
        self.sources = sources
        self.factors: tuple[int, ...] = ()
        self.walked = False


class Step:
    """An autograd node, as plain data."""

    __slots__ = ("checkpoint", "custom", "name", "nexts", "stamp")

    def __init__(self, name: str, stamp: Stamp, nexts: tuple[int, ...], custom: bool) -> None:
        self.name = name
        self.stamp = stamp
        self.nexts = nexts
        self.custom = custom
        self.checkpoint = name == f"{torch_inside.CHECKPOINT_NODE}Backward"

    @property
    def spot(self) -> Spot | None:
        return self.stamp.spot


class Call:
    """A call that autograd did not record, though a value that matters went in.

    Attributes:
        name: Of the function.
        kind: What severs here; None where nothing severs and the value was severed before.
        operation: As a person would write it.
        inputs: Number of each value that went in, and whether it required grad.
        spot: The line.
        inside: What tells the custom Function's forward that it ran in from others; None outside.
        inner: What severs here as a reentrant checkpoint runs its forward again.
        checkpoint: That Function is a reentrant checkpoint.
        library: Torch's own code decided to sever, not the user's.
        switch: What had switched grad mode off.
    """

    __slots__ = (
        "checkpoint",
        "inner",
        "inputs",
        "inside",
        "kind",
        "library",
        "name",
        "operation",
        "spot",
        "switch",
    )

    def __init__(
        self,
        name: str,
        kind: CutKind | None,
        operation: str,
        inputs: tuple[tuple[int, bool], ...],
        spot: Spot,
        *,
        inside: object | None = None,
        inner: CutKind | None = None,
        checkpoint: bool = False,
        library: bool = False,
        switch: object = None,
    ) -> None:
        self.name = name
        self.kind = kind
        self.operation = operation
        self.inputs = inputs
        self.spot = spot
        self.inside = inside
        self.inner = inner
        self.checkpoint = checkpoint
        self.library = library
        self.switch = switch


FORGOTTEN = Call("", None, "something from long before", (), NOWHERE)


class LeafSeen:
    """A leaf tensor: a parameter, or another tensor that requires grad.

    Attributes:
        shape: Sizes.
        requires_grad: In some use of it.
        sources: Numbers of the severed values that it is made of.
    """

    __slots__ = ("requires_grad", "shape", "sources")

    def __init__(self, tensor: Tensor, sources: tuple[int, ...]) -> None:
        self.shape = () if is_lazy(tensor) or tensor.is_nested else tuple(tensor.shape)
        self.requires_grad = False
        self.sources = sources


class Exit(NamedTuple):
    """How a value left torch.

    Attributes:
        shown: Straight into a text.
        decides: Python may choose by it what runs, or a number like it came in.
    """

    shown: bool
    decides: bool


class Write:
    """A write into memory that some readers of that memory have no history of.

    Attributes:
        low, high: Bytes of the storage it covers, from and up to.
        serial: Number of the call that wrote.
        family: The tensor whose own history has the write; None where nobody's has.
    """

    __slots__ = ("family", "high", "low", "serial")

    def __init__(self, low: int, high: int, serial: int, family: Facts | None) -> None:
        self.low = low
        self.high = high
        self.serial = serial
        self.family = family


def address(tensor: Tensor) -> int:
    """Return what identifies a tensor's memory.

    0 for one that has none of its own (sparse, or inside a torch.func transform).
    """
    try:
        return torch_inside.storage_address(tensor)
    except (NotImplementedError, RuntimeError):
        return 0


def history(tensor: Tensor) -> Any:
    """Return a tensor's autograd node.

    None for a leaf, and for a stale view, which torch refuses to say it of.
    """
    try:
        return tensor.grad_fn
    except RuntimeError:
        return None


def is_recorded(tensor: Tensor) -> bool:
    """Say whether a tensor has a history, without touching its autograd node."""
    try:
        return tensor.requires_grad and not tensor.is_leaf
    except RuntimeError:
        return False


def region(tensor: Tensor) -> tuple[int, int]:
    """Return the bytes of its storage that a strided tensor spans."""
    if tensor.is_nested:
        return 0, tensor.untyped_storage().nbytes()
    size = tensor.element_size()
    low = int(tensor.storage_offset()) * size
    if tensor.numel() == 0:
        return low, low
    span = sum(
        (length - 1) * stride for length, stride in zip(tensor.shape, tensor.stride(), strict=True)
    )
    return low, low + (int(span) + 1) * size


def base_of(tensor: Tensor) -> Tensor:
    """Return the tensor whose history a view shares."""
    base = torch_inside.view_base(tensor)
    return tensor if base is None else base


class _Calls(dict[int, Call]):
    def __missing__(self, number: int) -> Call:
        return FORGOTTEN


class Tape:
    """Everything one trace has seen. Grows while the user's code runs.

    See the module's docstring for what it never holds.
    """

    def __init__(self) -> None:
        self.key = f"gradviz.{next(_numbers)}"
        self.steps: dict[int, Step] = {}
        self.calls: dict[int, Call] = _Calls()
        self.leaves: dict[int, LeafSeen] = {}
        # By number of the step or leaf: where hooks were registered on it
        self.hooks: dict[int, list[Spot]] = {}
        self.backwards: list[Backward] = []  # that the step ran itself, as they ended
        self.module_hooks: dict[int, list[Spot]] = {}  # by number of the module
        self.exits: dict[int, Exit] = {}  # by number of the call: what left torch
        # A thread that ran before the trace, when something of unknown origin went in
        self.beside = ""
        # Number of the last value that left before something of unknown origin went in
        self.unexplained = 0
        self.memory: dict[int, Writes[Write]] = {}
        self.modules: list[weakref.ref[nn.Module]] = []
        self._module_numbers: dict[int, int] = {}
        self.tensors = Tensors()
        # Leaves that only the backward of a reentrant checkpoint will reach, which holds them too
        self.held: dict[int, Tensor] = {}
        self._pins: dict[int, weakref.ref[Any]] = {}
        self._count = itertools.count(1)
        # Torch's number of the first node that the trace can have seen
        self.began: int | None = None
        self.made_before = False  # some node met is older
        # Of parameters by identity: the position of the last call that took each in
        self._read: dict[int, int] = {}
        self._ends: list[int] = []  # how many there were as each backward ended
        self._aside: list[Spot] = []  # lines of calls of other threads that made nodes,
        self._read_aside: dict[int, Spot] = {}  # and of those that took in a parameter last
        # Writes inside a custom Function that are part of its result
        self._handed_on: set[int] = set()
        self._repeats = Repeats()
        self.froze = False  # some leaf was frozen
        self.opaque: list[Spot] = []  # where something ran that cannot be looked into
        self.compiled = False  # torch.compile was called
        self.values = False  # backwards are measured in full
        self._firsts: list[int] = []  # of each call that made nodes: torch's number of the first,
        self._lasts: list[int] = []  # of the last,
        self._spots: list[tuple[Any, ...]] = []  # and the line

    def __len__(self) -> int:
        return len(self.steps) + len(self.calls) + len(self.leaves)

    # Autograd nodes

    def made(self, first: int, last: int, spot: tuple[Any, ...]) -> None:
        """Take note that a call made the nodes from ``first`` up to but without ``last``, by
        torch's numbers.
        """
        self._firsts.append(first)
        self._lasts.append(last - 1)
        self._spots.append(spot)

    def _new(self, node: Any, spot: Spot | None = None, sources: tuple[int, ...] = ()) -> Stamp:
        """Mark an autograd node that is met for the first time."""
        number = torch_inside.node_number(node)
        if spot is None and torch_inside.NUMBERED:
            index = bisect_left(self._lasts, number)
            if index < len(self._lasts) and self._firsts[index] <= number:
                spot = Spot._make(self._spots[index])
        self.made_before = self.made_before or (
            spot is None and self.began is not None and number < self.began
        )
        stamp = node.metadata[self.key] = Stamp(next(self._count), spot, sources)
        if wants_trampoline(number):
            node.metadata[f"{self.key}.free"] = Trampoline(node.next_functions)
        return stamp

    def stamp(self, node: Any, spot: Spot | None, sources: tuple[int, ...] = ()) -> Stamp:
        """Mark an autograd node with where it was made and what went in without a gradient edge."""
        stamp: Stamp | None = node.metadata.get(self.key)
        if stamp is None:
            return self._new(node, spot, sources)
        if sources:
            stamp.sources += tuple(source for source in sources if source not in stamp.sources)
        return stamp

    def read(self, parameter: Tensor) -> None:
        """Take note that the call that is about to be noted takes in a parameter."""
        self._read[id(parameter)] = len(self._spots)

    def made_aside(self, spot: Spot, parameters: Iterable[Tensor]) -> None:
        """Take note of a call of another thread that made nodes, and of the parameters that it took
        in.
        """
        self._aside.append(spot)
        for parameter in parameters:
            self._read.pop(id(parameter), None)
            self._read_aside[id(parameter)] = spot

    def read_at(self, parameter: Tensor) -> Spot | None:
        """Return the line that took a parameter in last, in a call that autograd recorded.

        None where none was seen.
        """
        if id(parameter) in self._read_aside and id(parameter) not in self._read:
            return self._read_aside[id(parameter)]
        index = self._read.get(id(parameter), len(self._spots))
        return Spot._make(self._spots[index]) if index < len(self._spots) else None

    def spots(self) -> Iterator[tuple[Spot, int]]:
        """Yield the line of every call that autograd recorded, and how many backwards had ended by
        then.
        """
        ended = 0
        for index, spot in enumerate(self._spots):
            while ended < len(self._ends) and self._ends[ended] <= index:
                ended += 1
            yield Spot._make(spot), ended
        yield from ((spot, ended) for spot in self._aside)

    def stamp_of(self, node: Any) -> Stamp | None:
        """Return what is written into an autograd node; None where nothing is."""
        stamp: Stamp | None = node.metadata.get(self.key)
        return stamp

    def is_stamped(self, node: Any) -> bool:
        return self.key in node.metadata

    def walk(self, root: Any) -> int:
        """Put an autograd node and everything before it on the tape; return its number.

        A loop, and nothing is walked twice.
        """
        if is_accumulator(root):
            return self.leaf(root.variable, live=True)
        key, steps, new, leaf, accumulators, customs = (
            self.key,
            self.steps,
            self._new,
            self.leaf,
            _accumulators,
            _customs,
        )
        stamp: Stamp = root.metadata.get(key) or new(root)
        number = stamp.serial
        stack = [] if stamp.walked else [(root, stamp)]
        stamp.walked = True
        while stack:
            node, stamp = stack.pop()
            nexts = []
            for before, _ in node.next_functions:
                if before is None:
                    continue
                kind = type(before)
                if accumulators.get(kind, False) or (
                    kind not in accumulators and is_accumulator(before)
                ):
                    nexts.append(leaf(before.variable, live=True))
                    continue
                earlier: Stamp = before.metadata.get(key) or new(before)
                nexts.append(earlier.serial)
                if not earlier.walked:
                    earlier.walked = True
                    stack.append((before, earlier))
            kind = type(node)
            custom = customs.get(kind)
            if custom is None:
                custom = customs[kind] = issubclass(kind, torch.autograd.function.BackwardCFunction)
            steps[stamp.serial] = Step(kind.__name__, stamp, tuple(nexts), custom)
        return number

    # Tensors

    def leaf(self, tensor: Tensor, *, live: bool = False) -> int:
        """Return the number of a leaf tensor, taking note of it at first sight.

        ``live`` where its use requires grad.
        """
        known = self.tensors.know(tensor)
        if not known.leaf:
            known.leaf = next(self._count)
            self.leaves[known.leaf] = LeafSeen(tensor, (known.origin,) if known.origin else ())
        if live:
            self.leaves[known.leaf].requires_grad = True
        return known.leaf

    def leaf_of(self, facts: Facts | None, tensor: Tensor) -> int:
        """Return what ``leaf`` does of a leaf that requires grad, from what is known of it."""
        if facts is None or not facts.leaf:
            return self.leaf(tensor, live=True)
        self.leaves[facts.leaf].requires_grad = True
        return facts.leaf

    def leaf_number(self, tensor: Tensor) -> int | None:
        """Return the number of a leaf tensor that was met; None for any other."""
        known = self.tensors.find(tensor)
        return (known.leaf or None) if known is not None else None

    def hold(self, tensors: Iterable[Tensor]) -> None:
        """Hold the leaves among some tensors that a reentrant checkpoint reads.

        No edge of the graph leads to them.
        """
        for tensor in tensors:
            if tensor.requires_grad and tensor.is_leaf:
                self.held[self.leaf(tensor, live=True)] = tensor

    def leaves_before(self, tensors: Iterable[Tensor]) -> dict[int, Tensor]:
        """Return the leaves that the graph of some tensors leads to, by number."""
        found = {
            self.leaf(tensor, live=True): tensor for tensor in tensors if history(tensor) is None
        }
        stack = [node for tensor in tensors if (node := history(tensor)) is not None]
        seen = {self.walk(node) for node in stack}
        while stack:
            for before, _ in stack.pop().next_functions:
                if before is None:
                    continue
                if is_accumulator(before):
                    found[self.leaf(before.variable, live=True)] = before.variable
                    continue
                stamp = self.stamp(before, None)
                if stamp.serial not in seen:
                    seen.add(stamp.serial)
                    stack.append(before)
        return found

    def live(self, tensor: Tensor) -> int:
        """Return the number of a tensor that requires grad.

        Its autograd node's, or its own where it is a leaf.
        """
        node = history(tensor)
        if node is None:
            return self.leaf(tensor, live=True)
        return self.walk(node)

    def origin(self, tensor: Tensor) -> int | None:
        """Return the number of the call that made a tensor without history, if it is one of
        interest.
        """
        known = self.tensors.find(tensor)
        return (known.origin or None) if known is not None else None

    def set_origin(self, tensor: Tensor, serial: int) -> None:
        known = self.tensors.know(tensor)
        known.origin = serial
        if known.leaf and serial not in self.leaves[known.leaf].sources:
            self.leaves[known.leaf].sources += (serial,)

    def drop_origin(self, tensor: Tensor) -> None:
        known = self.tensors.find(tensor)
        if known is not None:
            known.origin = 0

    def set_alias(self, tensor: Tensor, kind: CutKind) -> None:
        """Take note that a tensor shares memory with one that it was taken out of the graph of."""
        self.tensors.know(tensor).alias = kind

    def alias(self, tensor: Tensor) -> CutKind | None:
        known = self.tensors.find(tensor)
        return None if known is None else known.alias

    def switched(self, leaf: Tensor, spot: Spot, caller: Spot = NOWHERE) -> None:
        """Take note of the line that set requires_grad of a leaf, where that froze it or thawed it
        again.
        """
        known = self.tensors.know(leaf)
        on, before = leaf.requires_grad, known.switch
        if on != (before is None or before.on):  # else as it was before
            froze = spot if not on else NOWHERE if before is None else before.froze
            known.switch = Switched(on, spot, caller, froze)
            self.froze = self.froze or not on

    def born(self, parameter: Tensor, spot: Spot) -> None:
        """Take note of the line that made a parameter after others had been frozen."""
        self.tensors.know(parameter).born = spot

    def born_at(self, parameter: Tensor) -> Spot:
        """Return the line that made a parameter, if others had been frozen by then.

        Else nowhere.
        """
        known = self.tensors.find(parameter)
        return NOWHERE if known is None or known.born is None else known.born

    def switched_at(self, leaf: Tensor) -> Switched:
        """Say what froze a leaf, or thawed it again.

        Nowhere, where it was not seen or is not so any more.
        """
        known = self.tensors.find(leaf)
        if known is None or known.switch is None or known.switch.on != leaf.requires_grad:
            return Switched(leaf.requires_grad, NOWHERE)
        return known.switch

    def moved(self, tensor: Tensor, before: Facts | None) -> None:
        """Take note that a tensor has got other memory, perhaps of another shape."""
        self.tensors.moved(tensor, before)
        if before is not None and before.leaf:
            # A lazy one denies its shape until it is done
            self.leaves[before.leaf].shape = tuple(Tensor.size(tensor))

    def swapped(
        self, tensors: tuple[Tensor, Tensor], before: tuple[Facts | None, Facts | None]
    ) -> None:
        """Take note that two tensors have exchanged their contents, and so the calls that made
        these.

        Args:
            tensors: The two.
            before: What was known of them.
        """
        self.tensors.swapped(*tensors, before)
        for tensor, other in zip(tensors, reversed(before), strict=True):
            if other is not None and other.alias is not None:
                self.set_alias(tensor, other.alias)
            for number in (
                ()
                if other is None or not other.origin
                else self._without(other.origin, self.leaf_number(tensor) or 0)
            ):
                self.set_origin(tensor, number)

    def is_made_of(self, number: int, own: set[int]) -> bool:
        """Say whether a value is made of nothing but some values, through calls that autograd did
        not record.
        """
        seen, stack = {number}, [number]
        while stack:
            here = stack.pop()
            if here in own:
                continue
            call = self.calls.get(here)
            if call is None or len(seen) > 256:
                return False
            for before, _ in call.inputs:
                if before not in seen:
                    seen.add(before)
                    stack.append(before)
        return True

    def _without(self, number: int, own: int) -> Iterator[int]:
        """Yield what a value is made of less one leaf, as calls that autograd did not record and
        that have it not behind them.
        """
        seen, stack = {number}, [number]
        while stack:
            here = stack.pop()
            inputs = [before for before, _ in self.calls[here].inputs]
            if not self._is_behind(own, here) or any(
                before != own and before not in self.calls for before in inputs
            ):
                yield here
                continue
            for before in inputs:
                if before != own and before not in seen:
                    seen.add(before)
                    stack.append(before)

    def _is_behind(self, wanted: int, number: int) -> bool:
        """Say whether a value went into another, through calls that autograd did not record."""
        seen, stack = {number}, [number]
        while stack and len(seen) < 256:
            for before, _ in self.calls[stack.pop()].inputs:
                if before == wanted:
                    return True
                if before in self.calls and before not in seen:
                    seen.add(before)
                    stack.append(before)
        return False

    def call(self, call: Call) -> int:
        number = next(self._count)
        self.calls[number] = call
        if len(self.calls) > MOST:
            self._drop_older_half()
        return number

    def repeated(self, like: Hashable, inputs: tuple[tuple[int, bool], ...]) -> int:
        """Return the number of an earlier call that is the same, and let it be the newest.

        0 where there is none.
        """
        number = self._repeats.find(like, inputs)
        if number:
            self.calls[number] = self.calls.pop(number)
        return number

    def may_repeat(self, number: int, like: Hashable) -> None:
        """Take note that other calls may be the same as one.

        ``like`` is all that it is but for what went in.
        """
        inputs = self.calls[number].inputs
        self._repeats.add(
            number, like, inputs, {source for source, _ in inputs if source in self.leaves}
        )

    def left(self, serial: int, way: Exit) -> None:
        """Take note of how a value left torch, by the number of the call."""
        before = self.exits.get(serial, way)
        self.exits[serial] = Exit(before.shown and way.shown, before.decides or way.decides)

    def ended(self, backward: "Backward") -> None:
        """Take note of a backward that is over."""
        self.backwards.append(backward)
        self._ends.append(len(self._spots))

    def came_in(self) -> None:
        """Take note that something of unknown origin went in, which may be what left before."""
        self.unexplained = next(self._count)

    def _drop_older_half(self) -> None:
        """Let go of the older half.

        A script may go on for hours before its first backward, and what is old by then went
        nowhere.
        """
        older = set(itertools.islice(self.calls, len(self.calls) // 2))
        self.calls = _Calls(
            (number, call) for number, call in self.calls.items() if number not in older
        )
        self.steps = {number: step for number, step in self.steps.items() if number > max(older)}
        self._repeats.clear()
        extra = max(0, len(self._lasts) - MOST)
        self._read = {key: index - extra for key, index in self._read.items() if index >= extra}
        self._ends = [max(0, index - extra) for index in self._ends]
        del self._firsts[:extra], self._lasts[:extra], self._spots[:extra]

    # Memory

    def written(self, tensor: Tensor, serial: int, family: Tensor | None, *, over: bool) -> None:
        """Take note of a write into a tensor's memory.

        ``over`` where nothing of what was there before is left.
        """
        writes = self.memory.get(self.pin(tensor))
        if writes is None:
            return
        low, high = region(tensor)
        if over:
            self._clear(writes, tensor, low, high)
        writes.append(
            Write(low, high, serial, None if family is None else self.tensors.know(family))
        )

    def pin(self, tensor: Tensor) -> int:
        """Return the address of a tensor's memory, whose writes are kept as long as it lives.

        0 where it has none of its own.
        """
        found = address(tensor)
        if found and found not in self.memory:
            self.memory[found] = Writes()
            # A dict's method takes the memory out as it goes, for an interrupt in Python would be
            # lost there.
            self._pins[found] = weakref.ref(
                tensor.untyped_storage(), partial(self.memory.pop, found)
            )
        return found

    def write_at(self, pinned: int, low: int, high: int, serial: int) -> None:
        """Take note of a write into pinned memory, by bytes."""
        if pinned in self.memory:
            self.memory[pinned].append(Write(low, high, serial, None))

    def overwritten(self, tensor: Tensor) -> None:
        """Take note that a tensor's memory holds nothing of interest any more."""
        writes = self.memory.get(address(tensor))
        if writes:
            self._clear(writes, tensor, *region(tensor))

    @staticmethod
    def _clear(writes: Writes[Write], tensor: Tensor, low: int, high: int) -> None:
        if (high - low) == tensor.numel() * tensor.element_size():
            writes.drop_within(low, high)

    def writes(self, tensor: Tensor) -> Iterator[int]:
        """Yield the numbers of the writes that a reader of a tensor gets and that are not in the
        tensor's own history.
        """
        writes = self.memory.get(address(tensor))
        if not writes:
            return
        low, high = region(tensor)
        for write in writes.over(low, high):
            if not self._is_in_history(write, tensor):
                yield write.serial

    def is_written(self, tensor: Tensor, number: int) -> bool:
        """Say whether ``writes`` of a tensor gives a number."""
        writes = self.memory.get(address(tensor))
        same = () if writes is None else writes.by_serial.get(number, ())
        if not same:
            return False
        low, high = region(tensor)
        return any(
            write.low < high and low < write.high and not self._is_in_history(write, tensor)
            for write in same
        )

    def _is_in_history(self, write: Write, tensor: Tensor) -> bool:
        if self._is_handed_on(tensor, write.serial):
            return True
        if write.family is None:
            return False
        origin = self.origin(tensor) or 0
        if write.serial < origin and self._has_behind(
            origin, self.calls[write.serial].inputs[0][0]
        ):
            return True  # it was in the history of what this tensor was taken out of
        return is_recorded(tensor) and write.family is self.tensors.find(base_of(tensor))

    def _is_handed_on(self, tensor: Tensor, serial: int) -> bool:
        """Say whether a custom Function wrote this and hands the memory on.

        What it passes gradient to is up to the Function.
        """
        call = self.calls[serial]
        if call.inside is None or not is_recorded(tensor):
            return False
        node = history(tensor)
        if (
            isinstance(node, torch.autograd.function.BackwardCFunction)
            and serial not in self._handed_on
        ):
            # A later Function may write into the same memory and hand it on in turn
            self._handed_on.add(serial)
            self.stamp(node, call.spot, (serial,))
        return True

    def _has_behind(self, number: int, wanted: int) -> bool:
        """Say whether a value went into another, through whatever calls."""
        seen, stack = {number}, [number]
        while stack and len(seen) < _NEAR:
            current = stack.pop()
            step = self.steps.get(current)
            for before in (
                [before for before, _ in self.calls[current].inputs] if step is None else step.nexts
            ):
                if before == wanted:
                    return True
                if before not in seen:
                    seen.add(before)
                    stack.append(before)
        return False

    # Modules

    def module(self, module: nn.Module) -> int:
        """Return the number of a module, which is known weakly."""
        number = self._module_numbers.get(id(module))
        if number is not None and self.modules[number]() is module:
            return number
        number = len(self.modules)
        self.modules.append(weakref.ref(module))
        self._module_numbers[id(module)] = number
        return number

    def close(self) -> None:
        """Let go of what is held: nothing can be written or read any more."""
        self.memory.clear()
        self._pins.clear()
        self.held.clear()

    def leads_to(self, roots: tuple[int, ...], wanted: tuple[int, ...]) -> bool:
        """Say whether a backward from ``roots`` passes ``wanted`` close by.

        ``(loss / 4).backward()`` does pass the loss.
        """
        seen, stack = set(roots), list(roots)
        while stack and len(seen) < 64:
            step = self.steps.get(stack.pop(0))
            for before in () if step is None else step.nexts:
                if before not in seen:
                    seen.add(before)
                    stack.append(before)
        return seen.issuperset(wanted)

    def brought_by(self, root: int) -> "Backward | None":
        """Return the last backward that the step ran through a node; None where none was."""
        return next(
            (
                backward
                for backward in reversed(self.backwards)
                if self.leads_to(backward.roots, (root,))
            ),
            None,
        )

    def spot_of(self, number: int) -> Spot | None:
        """Return the line of a call that autograd did not record; None for a leaf."""
        call = self.calls.get(number)
        return None if call is None else call.spot


_accumulators: dict[type, bool] = {}
_customs: dict[type, bool] = {}


def is_accumulator(node: Any) -> bool:
    """Say whether an autograd node is the one that adds to a leaf's ``.grad``."""
    kind = type(node)
    known = _accumulators.get(kind)
    if known is None:
        known = _accumulators[kind] = kind.__name__ == torch_inside.ACCUMULATOR
    return known
