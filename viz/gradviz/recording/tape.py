"""What a trace has seen, as plain data: autograd nodes by number, calls that autograd did not record, leaves, writes to memory.

No tensor, module or autograd node is held. Tensors are known by weak reference; autograd nodes by the sequence numbers that torch
gives them as they are made, so that the common call touches none, and by a stamp in their metadata once they matter.
"""

import itertools
import weakref
from bisect import bisect_left
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor, nn

from gradviz.graph import CutKind
from gradviz.recording import torch_inside
from gradviz.recording.deep import Trampoline, wants_trampoline
from gradviz.recording.where import NOWHERE, Spot

_numbers = itertools.count()
MOST = 300_000  # calls that are kept, some 100 MB; of more, the older half is forgotten


class Stamp:
    """What is written into the metadata of an autograd node. It dies with the node.

    Attributes:
        serial: The node's number on the tape.
        spot: The line that made it; None for a node inside a composite call.
        sources: Numbers of values that went in without a gradient edge.
        walked: The node and what is before it are on the tape.
    """

    __slots__ = ("serial", "sources", "spot", "walked")

    def __init__(self, serial: int, spot: Spot | None = None, sources: tuple[int, ...] = ()) -> None:
        self.serial = serial
        self.spot = spot
        self.sources = sources
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
        checkpoint: That Function is a reentrant checkpoint.
        library: Torch's own code decided to sever, not the user's.
        switch: What had switched grad mode off.
    """

    __slots__ = ("checkpoint", "inputs", "inside", "kind", "library", "name", "operation", "spot", "switch")

    def __init__(
        self,
        name: str,
        kind: CutKind | None,
        operation: str,
        inputs: tuple[tuple[int, bool], ...],
        spot: Spot,
        *,
        inside: object | None = None,
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
        self.checkpoint = checkpoint
        self.library = library
        self.switch = switch


FORGOTTEN = Call("", None, "something from long before", (), NOWHERE)


class LeafSeen:
    """A leaf tensor: a parameter, or another tensor that requires grad.

    Attributes:
        tensor: Weak.
        shape: Sizes.
        requires_grad: In some use of it.
        sources: Numbers of the severed values that it is made of.
    """

    __slots__ = ("requires_grad", "shape", "sources", "tensor")

    def __init__(self, tensor: Tensor, sources: tuple[int, ...]) -> None:
        self.tensor = weakref.ref(tensor)
        self.shape = tuple(tensor.shape)
        self.requires_grad = False
        self.sources = sources


class Write:
    """A write into memory that some readers of that memory have no history of.

    Attributes:
        low, high: Bytes of the storage it covers, from and up to.
        serial: Number of the call that wrote.
        family: Weak, the tensor whose own history has the write; None where nobody's has.
    """

    __slots__ = ("family", "high", "low", "serial")

    def __init__(self, low: int, high: int, serial: int, family: "weakref.ref[Tensor] | None") -> None:
        self.low = low
        self.high = high
        self.serial = serial
        self.family = family


class Backward:
    """A backward call that the step made itself.

    Attributes:
        roots: The tape's numbers of the tensors it began from.
        arrived: For each leaf that had no ``.grad`` before: the version of the one it has since, or None if it still has none.
        nonzero: For each leaf that had one already: whether some element of what arrived is not zero.
    """

    __slots__ = ("arrived", "nonzero", "roots")

    def __init__(self, roots: tuple[int, ...]) -> None:
        self.roots = roots
        self.arrived: dict[int, int | None] = {}
        self.nonzero: dict[int, bool] = {}


class _Known(weakref.ref[Tensor]):
    __slots__ = ("key", "serial")
    key: int
    serial: int


def address(tensor: Tensor) -> int:
    """Return what identifies a tensor's memory; 0 for one that has none of its own (sparse, or inside a torch.func transform)."""
    try:
        return torch_inside.storage_address(tensor)
    except (NotImplementedError, RuntimeError):
        return 0


def history(tensor: Tensor) -> Any:
    """Return a tensor's autograd node; None for a leaf, and for a stale view, which torch refuses to say it of."""
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
    size = tensor.element_size()
    low = int(tensor.storage_offset()) * size
    if tensor.numel() == 0:
        return low, low
    span = sum((length - 1) * stride for length, stride in zip(tensor.shape, tensor.stride(), strict=True))
    return low, low + (int(span) + 1) * size


def base_of(tensor: Tensor) -> Tensor:
    """Return the tensor whose history a view shares."""
    base = torch_inside.view_base(tensor)
    return tensor if base is None else base


class _Calls(dict[int, Call]):
    def __missing__(self, number: int) -> Call:
        return FORGOTTEN


class Tape:
    """Everything one trace has seen. Grows while the user's code runs; see the module's docstring for what it never holds."""

    def __init__(self) -> None:
        self.key = f"gradviz.{next(_numbers)}"
        self.steps: dict[int, Step] = {}
        self.calls: dict[int, Call] = _Calls()
        self.leaves: dict[int, LeafSeen] = {}
        self.hooks: dict[int, list[Spot]] = {}  # by number of the step or leaf: where hooks were registered on it
        self.backwards: list[Backward] = []
        self.module_hooks: dict[int, list[Spot]] = {}  # by number of the module
        self.memory: dict[int, list[Write]] = {}
        self.modules: list[weakref.ref[nn.Module]] = []
        self._module_numbers: dict[int, int] = {}
        self._leaf_numbers: dict[int, int] = {}
        self._origins: dict[int, _Known] = {}
        self._aliases: dict[int, tuple[weakref.ref[Tensor], CutKind]] = {}
        self._switches: dict[int, tuple[weakref.ref[Tensor], bool, Spot]] = {}  # leaves whose requires_grad was set
        self._storages: list[Any] = []
        self._count = itertools.count(1)
        self.began: int | None = None  # torch's number of the first node that the trace can have seen
        self.made_before = False  # some node met is older
        self.compiled = False  # torch.compile was called
        self._firsts: list[int] = []  # of each call that made nodes: torch's number of the first,
        self._lasts: list[int] = []  # of the last,
        self._spots: list[tuple[Any, ...]] = []  # and the line

    def __len__(self) -> int:
        return len(self.steps) + len(self.calls) + len(self.leaves)

    # Autograd nodes

    def made(self, first: int, last: int, spot: tuple[Any, ...]) -> None:
        """Take note that a call made the nodes from ``first`` up to but without ``last``, by torch's numbers."""
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
        self.made_before = self.made_before or (self.began is not None and number < self.began)
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

    def is_stamped(self, node: Any) -> bool:
        return self.key in node.metadata

    def walk(self, root: Any) -> int:
        """Put an autograd node and everything before it on the tape; return its number. A loop, and nothing is walked twice."""
        if _is_accumulator(root):
            return self.leaf(root.variable, live=True)
        key, steps, new, leaf, accumulators, customs = self.key, self.steps, self._new, self.leaf, _accumulators, _customs
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
                if accumulators.get(kind, False) or (kind not in accumulators and _is_accumulator(before)):
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
        """Return the number of a leaf tensor, taking note of it at first sight; ``live`` where its use requires grad."""
        number = self._leaf_numbers.get(id(tensor))
        if number is not None:
            seen = self.leaves[number]
            if seen.tensor() is tensor:
                seen.requires_grad = seen.requires_grad or live
                return number
        number = next(self._count)
        origin = self.origin(tensor)
        self.leaves[number] = LeafSeen(tensor, () if origin is None else (origin,))
        self.leaves[number].requires_grad = live
        self._leaf_numbers[id(tensor)] = number
        return number

    def live(self, tensor: Tensor) -> int:
        """Return the number of a tensor that requires grad: its autograd node's, or its own where it is a leaf."""
        node = history(tensor)
        if node is None:
            return self.leaf(tensor, live=True)
        return self.walk(node)

    def origin(self, tensor: Tensor) -> int | None:
        """Return the number of the call that made a tensor without history, if it is one of interest."""
        known = self._origins.get(id(tensor))
        return known.serial if known is not None and known() is tensor else None

    def set_origin(self, tensor: Tensor, serial: int) -> None:
        known = _Known(tensor, self._forget)
        known.key = id(tensor)
        known.serial = serial
        self._origins[known.key] = known
        number = self._leaf_numbers.get(known.key)
        if number is not None and self.leaves[number].tensor() is tensor:
            self.leaves[number].sources += (serial,)

    def drop_origin(self, tensor: Tensor) -> None:
        if self.origin(tensor) is not None:
            del self._origins[id(tensor)]

    def _forget(self, known: _Known) -> None:
        if self._origins.get(known.key) is known:
            del self._origins[known.key]

    def set_alias(self, tensor: Tensor, kind: CutKind) -> None:
        """Take note that a tensor shares memory with one that it was taken out of the graph of."""
        key = id(tensor)
        self._aliases[key] = (weakref.ref(tensor, lambda _: self._aliases.pop(key, None)), kind)

    def alias(self, tensor: Tensor) -> CutKind | None:
        known = self._aliases.get(id(tensor))
        return known[1] if known is not None and known[0]() is tensor else None

    def switched(self, leaf: Tensor, spot: Spot) -> None:
        """Take note of the line that set requires_grad of a leaf, where that froze it or thawed it again."""
        known = self._switched(leaf)
        if leaf.requires_grad == (known is None or known[1]):
            return  # as it was before
        key = id(leaf)
        self._switches[key] = (weakref.ref(leaf, lambda _: self._switches.pop(key, None)), leaf.requires_grad, spot)

    def switched_at(self, leaf: Tensor) -> Spot:
        """Return the line that froze a leaf, or thawed it again; nowhere, where it was not seen or is not so any more."""
        known = self._switched(leaf)
        return known[2] if known is not None and known[1] == leaf.requires_grad else NOWHERE

    def _switched(self, leaf: Tensor) -> "tuple[weakref.ref[Tensor], bool, Spot] | None":
        known = self._switches.get(id(leaf))
        return known if known is not None and known[0]() is leaf else None

    def call(self, call: Call) -> int:
        number = next(self._count)
        self.calls[number] = call
        if len(self.calls) > MOST:
            self._drop_older_half()
        return number

    def _drop_older_half(self) -> None:
        """Let go of the older half: a script may go on for hours before its first backward, and what is old by then went nowhere."""
        oldest = next(itertools.islice(self.calls, len(self.calls) // 2, None))
        self.calls = _Calls((number, call) for number, call in self.calls.items() if number >= oldest)
        self.steps = {number: step for number, step in self.steps.items() if number >= oldest}
        extra = max(0, len(self._lasts) - MOST)
        del self._firsts[:extra], self._lasts[:extra], self._spots[:extra]

    # Memory

    def written(self, tensor: Tensor, serial: int, family: Tensor | None, *, over: bool) -> None:
        """Take note of a write into a tensor's memory; ``over`` where nothing of what was there before is left."""
        writes = self.memory.get(self.pin(tensor))
        if writes is None:
            return
        low, high = region(tensor)
        if over:
            self._clear(writes, tensor, low, high)
        writes.append(Write(low, high, serial, None if family is None else weakref.ref(family)))

    def pin(self, tensor: Tensor) -> int:
        """Return the address of a tensor's memory and see to it that no other memory gets it; 0 where it has none of its own."""
        found = address(tensor)
        if found and found not in self.memory:
            # A weak handle keeps the address from being used again; it does not keep the memory.
            self._storages.append(torch_inside.weak_storage(tensor))
            self.memory[found] = []
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
    def _clear(writes: list[Write], tensor: Tensor, low: int, high: int) -> None:
        if (high - low) == tensor.numel() * tensor.element_size():
            writes[:] = [write for write in writes if write.low < low or write.high > high]

    def writes(self, tensor: Tensor) -> Iterator[int]:
        """Yield the numbers of the writes that a reader of a tensor gets and that are not in the tensor's own history."""
        writes = self.memory.get(address(tensor))
        if not writes:
            return
        low, high = region(tensor)
        base: Tensor | None = None
        origin = self.origin(tensor) or 0
        for write in writes:
            if write.low < high and low < write.high:
                if write.family is not None:
                    if write.serial < origin:
                        continue  # it was in the history of what this tensor was taken out of
                    base = base_of(tensor) if base is None else base
                    if write.family() is base and is_recorded(tensor):
                        continue
                yield write.serial

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
        """Let go of the memory's addresses: nothing can be written or read any more."""
        self.memory.clear()
        free, self._storages = self._storages, []
        for handle in free:
            torch_inside.free_weak_storage(handle)

    def leads_to(self, roots: tuple[int, ...], wanted: tuple[int, ...]) -> bool:
        """Say whether a backward from ``roots`` passes ``wanted`` close by: ``(loss / 4).backward()`` does pass the loss."""
        seen, stack = set(roots), list(roots)
        while stack and len(seen) < 64:
            step = self.steps.get(stack.pop(0))
            for before in () if step is None else step.nexts:
                if before not in seen:
                    seen.add(before)
                    stack.append(before)
        return seen.issuperset(wanted)

    def spot_of(self, number: int) -> Spot | None:
        """Return the line of a call that autograd did not record; None for a leaf."""
        call = self.calls.get(number)
        return None if call is None else call.spot


_accumulators: dict[type, bool] = {}
_customs: dict[type, bool] = {}


def _is_accumulator(node: Any) -> bool:
    kind = type(node)
    known = _accumulators.get(kind)
    if known is None:
        known = _accumulators[kind] = kind.__name__ == torch_inside.ACCUMULATOR
    return known
