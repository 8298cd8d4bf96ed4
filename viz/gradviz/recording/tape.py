"""What a trace has seen, as plain data.

Autograd nodes by number, calls that autograd did not record, leaves, writes to memory.

No module or autograd node is held, and no tensor but the leaves of a reentrant checkpoint until its
backward. How tensors are known is told in ``identity``; autograd nodes are known by the sequence
numbers that torch gives them as they are made, so that the common call touches none, and by a stamp
in their metadata once they matter.
"""

import itertools
import weakref
from collections import deque
from collections.abc import Callable, Hashable, Iterable
from functools import partial
from operator import attrgetter
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from gradviz.graph import CutKind
from gradviz.recording import torch_inside
from gradviz.recording.brought import Backward
from gradviz.recording.entries.dates import Dates
from gradviz.recording.entries.identity import Facts, Tensors
from gradviz.recording.entries.records import (
    FORGOTTEN,
    Asked,
    Call,
    Exit,
    Joints,
    LeafSeen,
    Stamp,
    Step,
    Write,
)
from gradviz.recording.entries.registered import Registered
from gradviz.recording.entries.repeats import Repeats
from gradviz.recording.entries.rewritten import Rewritten
from gradviz.recording.names import ACCUMULATORS, is_accumulator
from gradviz.recording.reading.lines import Lines
from gradviz.recording.reading.loss_functions import loss_module
from gradviz.recording.reading.where import Spot
from gradviz.recording.tensor_state import base_of, history, nodes_before
from gradviz.recording.torch_inside import sharded
from gradviz.system.undo import Action, as_one, when_empty
from gradviz.system.walk import walk

if TYPE_CHECKING:
    from gradviz.recording.arithmetic.births import Born
    from gradviz.recording.entries.writes import Writes


_numbers = itertools.count()
_customs: dict[type, bool] = {}  # classes of nodes that are a custom Function's
MOST = 300_000  # calls that are kept, some 100 MB; of more, the older half is forgotten


class _CallsByNumber(dict[int, Call]):
    def __missing__(self, number: int) -> Call:
        return FORGOTTEN


class Opaque(dict[Spot, set[int] | None]):
    """By where it was called: what ran unseen, and the leaves that it may hold; None for any.

    Attributes:
        copies: By the spot of a call: its name, and the leaves whose values may be in what it gave.
        saved: The leaves of the scripts that were saved.
    """

    def __init__(self) -> None:
        super().__init__()
        self.copies: dict[Spot, tuple[str, set[int]]] = {}
        self.saved: set[int] = set()

    def may_hold(self, spot: Spot, leaves: set[int]) -> None:
        """Take note of leaves that what was called may hold, beside what it may already."""
        before = self.get(spot, set())
        if leaves and before is not None:
            self[spot] = before | leaves


class Tape:
    """Everything one trace has seen. Grows while the user's code runs.

    See the module's docstring for what it never holds.
    """

    def __init__(self) -> None:
        self.key = f"gradviz.{next(_numbers)}"
        self.lines = Lines()
        self.steps: dict[int, Step] = {}
        self.calls: dict[int, Call] = _CallsByNumber()
        self.leaves: dict[int, LeafSeen] = {}
        self.hooks: dict[int, list[Spot]] = {}  # by step or leaf: where they were registered on it
        self.registered = Registered()
        self.backwards: list[Backward] = []  # that the step ran itself, as they ended
        self.scaled: deque[int] = deque(maxlen=64)  # torch's numbers of what a GradScaler scaled
        self.asked: deque[Asked] = deque(maxlen=64)  # what autograd.grad was asked for
        # By number of the module and name of the method: where hooks were registered
        self.module_hooks: dict[tuple[int, str], list[Spot]] = {}
        self.exits: dict[int, Exit] = {}  # by number of the call: what left torch
        self.tangents: dict[int, None] = {}  # values that became one of forward mode once severed
        # By number of a leaf that an optimizer moved: how many backwards were over, and the calls
        # that made gradients that were assigned
        self.stepped: dict[int, tuple[int, tuple[int, ...]]] = {}
        self.trained: dict[int, int] = {}  # by number of a call that wrote gradients: the leaf
        self.of_gradients: set[int] = set()  # what is made of nothing else
        self.gradients: dict[int, int] = {}  # by position of a backward: the call that it is
        self.dates = Dates()
        self.forks: list[int] = []  # numbers of the calls by which the process was copied
        self.beside = ""  # a thread from before the trace, as something of unknown origin went in
        self.idle: frozenset[str] | None = None  # see ``Recorder.idle``; None until it counts
        self.unexplained = self.unread = 0  # the last that left before such came in: any, no data
        self.memory: dict[int, Writes[Write]] = {}
        self.joints: dict[int, Joints] = {}  # by call: the parts of what it gave
        self.modules: list[weakref.ref[nn.Module]] = []
        self.loss_modules: list[str] = []  # of each module, what it is called if it is a loss
        self._module_numbers: dict[int, int] = {}
        self.tensors = Tensors()
        self.kin: Callable[[Tensor], int] = lambda _: 0  # what a leaf has of memory from before
        # Leaves that only the backward of a reentrant checkpoint will reach, which holds them too
        self.held: dict[int, Tensor] = {}
        self.pins: dict[int, weakref.ref[Any]] = {}
        self._count = itertools.count(1)
        self.began: int | None = None  # torch's number of the first node that may have been seen
        self.handed_on: set[int] = set()  # writes inside a custom Function that its result has
        self.rewritten = Rewritten()
        self._repeats = Repeats()
        # By the line of a call of torch.autograd.grad: what is born in the backward that it ran
        self.derived: dict[Spot, Born] = {}
        self.froze = False  # some leaf was frozen
        self.opaque = Opaque()
        self.compiled = False  # torch.compile was called
        self.values = False  # backwards are measured in full
        self.stopped = False  # watching has failed, and what came after was not seen

    def __len__(self) -> int:
        return len(self.steps) + len(self.calls) + len(self.leaves)

    # Autograd nodes

    def mark(self, node: Any, spot: Spot | None = None, sources: tuple[int, ...] = ()) -> Stamp:
        """Mark an autograd node that is met for the first time, and return its mark."""
        number = torch_inside.node_number(node)
        if spot is None and torch_inside.NUMBERED:
            spot = self.lines.maker(number)
        stamp = node.metadata[self.key] = Stamp(next(self._count), spot, sources, number)
        if wants_trampoline(number):
            node.metadata[f"{self.key}.free"] = Trampoline(node.next_functions)
        return stamp

    def stamp(self, node: Any, spot: Spot | None, sources: tuple[int, ...] = ()) -> Stamp:
        """Return the mark of a node, with where it was made and what went in without an edge."""
        stamp: Stamp | None = node.metadata.get(self.key)
        if stamp is None:
            return self.mark(node, spot, sources)
        if sources:
            stamp.sources += tuple(source for source in sources if source not in stamp.sources)
        return stamp

    def stamp_of(self, node: Any) -> Stamp | None:
        """Return what is written into an autograd node; None where nothing is."""
        stamp: Stamp | None = node.metadata.get(self.key)
        return stamp

    def walk(self, root: Any) -> int:
        """Put an autograd node and everything before it on the tape; return its number.

        A loop, and nothing is walked twice.
        """
        if is_accumulator(root):
            return self.leaf(root.variable, live=True)
        key, mark, leaf, accumulators = self.key, self.mark, self.leaf, ACCUMULATORS
        stamp: Stamp = root.metadata.get(key) or mark(root)
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
                accumulates = accumulators.get(kind)
                if accumulates or (accumulates is None and is_accumulator(before)):
                    nexts.append(leaf(before.variable, live=True))
                    continue
                earlier: Stamp = before.metadata.get(key) or mark(before)
                nexts.append(earlier.serial)
                if not earlier.walked:
                    earlier.walked = True
                    stack.append((before, earlier))
            self.step(node, stamp, nexts)
        return number

    def step(self, node: Any, stamp: Stamp, nexts: Iterable[int]) -> None:
        """Take note of an autograd node, and of what its edges lead to."""
        kind = type(node)
        custom = _customs.get(kind)
        if custom is None:
            custom = _customs[kind] = issubclass(kind, torch.autograd.function.BackwardCFunction)
        stamp.walked = True
        self.steps[stamp.serial] = Step(kind.__name__, stamp, tuple(nexts), custom)

    # Tensors

    def leaf(self, tensor: Tensor, *, live: bool = False) -> int:
        """Return the number of a leaf tensor, taking note of it at first sight.

        ``live`` where its use requires grad.
        """
        facts = self.tensors.find(tensor)
        origin = 0 if facts is None else facts.origin
        if not origin and (facts is None or not facts.leaf):
            origin = self.kin(tensor)  # which may meet the leaf
        facts = self.tensors.know(tensor)
        if not facts.leaf:
            facts.leaf = next(self._count)
            sources = (origin,) if origin else ()
            self.leaves[facts.leaf] = LeafSeen(tensor, sources, facts.maker, facts.formed)
        if live:
            self.leaves[facts.leaf].requires_grad = True
        return facts.leaf

    def leaf_of(self, facts: Facts | None, tensor: Tensor) -> int:
        """Return what ``leaf`` does of a leaf that requires grad, from what is known of it."""
        if facts is None or not facts.leaf:
            return self.leaf(tensor, live=True)
        self.leaves[facts.leaf].requires_grad = True
        return facts.leaf

    def leaf_number(self, tensor: Tensor) -> int | None:
        """Return the number of a leaf tensor that was met; None for any other."""
        return None if (facts := self.tensors.find(tensor)) is None else facts.leaf or None

    def hold(self, tensors: Iterable[Tensor]) -> None:
        """Hold the leaves among some tensors that a reentrant checkpoint reads.

        No edge of the graph leads to them.
        """
        for tensor in tensors:
            if tensor.requires_grad and tensor.is_leaf:
                self.held[self.leaf(tensor, live=True)] = tensor

    def leaves_before(self, tensors: Iterable[Tensor]) -> dict[int, Tensor]:
        """Return the leaves that the graph of some tensors leads to, by number."""
        leaves = {
            self.leaf(tensor, live=True): tensor for tensor in tensors if history(tensor) is None
        }
        nodes = [node for tensor in tensors if (node := history(tensor)) is not None]
        for node in nodes:
            self.walk(node)

        def inner(node: Any) -> list[Any]:
            return [before for before in nodes_before(node) if not is_accumulator(before)]

        for before in (before for node in walk(nodes, inner) for before in nodes_before(node)):
            if is_accumulator(before):
                leaves[self.leaf(before.variable, live=True)] = before.variable
        return leaves

    def live(self, tensor: Tensor) -> int:
        """Return the number of a tensor that requires grad.

        Its autograd node's, or its own where it is a leaf.
        """
        node = history(tensor)
        return self.leaf(tensor, live=True) if node is None else self.walk(node)

    def origin(self, tensor: Tensor) -> int | None:
        """Return the number of the call that made a tensor without history, if known."""
        return None if (facts := self.tensors.find(tensor)) is None else facts.origin or None

    def set_origin(self, tensor: Tensor, serial: int) -> None:
        if type(tensor) is not Tensor and (inner := sharded.inner(tensor)) is not tensor:
            self.set_origin(inner, serial)
        facts = self.tensors.know(tensor)
        facts.origin = serial
        if facts.leaf and serial not in self.leaves[facts.leaf].sources:
            self.leaves[facts.leaf].sources += (serial,)

    def drop_origin(self, tensor: Tensor) -> None:
        if base_of(tensor) is not tensor:  # unknown, it carries what its base does
            self.tensors.know(tensor)
        if (facts := self.tensors.find(tensor)) is not None:
            facts.origin = 0

    def set_alias(self, tensor: Tensor, kind: CutKind) -> None:
        """Take note that a tensor shares memory with one that it was taken out of the graph of."""
        self.tensors.know(tensor).alias = kind

    def alias(self, tensor: Tensor) -> CutKind | None:
        return None if (facts := self.tensors.find(tensor)) is None else facts.alias

    def moved(self, tensor: Tensor, before: Facts | None) -> None:
        """Take note that a tensor has got other memory, perhaps of another shape."""
        self.tensors.moved(tensor, before)
        if before is not None and before.leaf:
            # A lazy one denies its shape until it is done
            self.leaves[before.leaf].shape = tuple(Tensor.size(tensor))

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
            self.again(number)
        return number

    def again(self, number: int) -> None:
        """Take note that a call is made again, and let it be the newest."""
        self.calls[number] = self.calls.pop(number)
        self.dates.again.add(number)

    def may_repeat(self, number: int, like: Hashable) -> None:
        """Take note that other calls may be the same as one.

        ``like`` is all that it is but for what went in.
        """
        inputs = self.calls[number].inputs
        self._repeats.add(
            number, like, inputs, {source for source, _ in inputs if source in self.leaves}
        )

    def left(self, serial: int, way: Exit) -> None:
        """Take note of as what a value left torch, by the number of the call."""
        if self.exits.get(serial, Exit.FILE) is Exit.FILE or way is Exit.NUMBER:
            self.exits[serial] = way

    def ended(self, backward: Backward) -> None:
        """Take note of a backward that is over."""
        self.backwards.append(backward)
        self.lines.backward_ended()

    def now(self) -> int:
        return next(self._count)  # between those of what was before and of what will be

    def came_in(self, *, is_data: bool = False) -> None:
        """Take note that something of unknown origin went in; ``is_data``: data of no file."""
        self.unexplained, self.unread = (now := next(self._count)), self.unread if is_data else now

    def _drop_older_half(self) -> None:
        """Let go of what is old by now and went nowhere, however long a script goes on."""
        older = set(itertools.islice(self.calls, len(self.calls) // 2))
        self.calls = _CallsByNumber(
            (number, call) for number, call in self.calls.items() if number not in older
        )
        self.steps = {number: step for number, step in self.steps.items() if number > max(older)}
        self._repeats.clear()
        self.lines.keep(MOST)

    # Modules

    def module(self, module: nn.Module) -> int:
        """Return the number of a module, which is known weakly."""
        number = self._module_numbers.get(id(module))
        if number is not None and self.modules[number]() is module:
            return number
        number = self._module_numbers[id(module)] = len(self.modules)
        self.modules.append(weakref.ref(module))
        self.loss_modules.append(loss_module(module))
        return number

    def close(self) -> None:
        """Let go of what is held; what was written into memory is known as long as that lives."""
        self.tensors.is_closed = True
        self.held.clear()

    def spot_of(self, number: int) -> Spot | None:
        """Return the line of a call that autograd did not record; None for a leaf."""
        return None if (call := self.calls.get(number)) is None else call.spot


# Keeps torch from overflowing the stack when it frees a deep autograd graph that Python has
# looked at.


_SPARSE = 127  # about one node in 128; a run of 4,000 without one is as good as impossible
_pending: list[Any] = []
_going: list[bool] = []


class Trampoline:
    """Held by a node's metadata; holds the nodes before it, and lets go of them in a loop.

    Its end is C all along: an interrupt that came into Python code here would be lost, as Python
    lets nothing be raised by what goes.
    """

    __slots__ = ("_end",)

    def __init__(self, before: Any) -> None:
        held = [None, before]
        # What is let go of frees the nodes up to the next ones with a trampoline, which add to what
        # is pending.
        drain: list[Action] = [
            partial(_pending.insert, 0, None),
            partial(deque, iter(_pending.pop, None), 0),
        ]
        loop = as_one([partial(_going.append, True), *drain, _going.clear])
        self._end = as_one(
            [partial(_pending.extend, iter(held.pop, None)), when_empty(_going, [loop])]
        )

    __del__: Any = property(attrgetter("_end"))


def wants_trampoline(number: int) -> bool:
    """Say by torch's number of a node whether it is to have one: evenly, whatever path is taken."""
    return (number * 2654435761 >> 11) & _SPARSE == 0
