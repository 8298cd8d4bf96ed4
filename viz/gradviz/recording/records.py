"""What a tape is made of, as plain data."""

from collections.abc import Mapping
from enum import StrEnum
from typing import NamedTuple

from torch import Tensor
from torch.nn.parameter import Parameter, is_lazy

from gradviz.graph import CutKind
from gradviz.recording import torch_inside
from gradviz.recording.identity import Facts
from gradviz.recording.where import NOWHERE, Spot

Inputs = tuple[tuple[int, bool], ...]
"""The number of each value that went in, and whether it required grad."""


class Stamp:
    """What is written into the metadata of an autograd node. It dies with the node.

    Attributes:
        serial: The node's number on the tape.
        node: Torch's number of the node, which tells what was made before and after.
        spot: The line that made it; None for a node inside a composite call.
        sources: Numbers of values that went in without a gradient edge.
        factors: Those of them that its derivative depends on.
        walked: The node and what is before it are on the tape.
    """

    __slots__ = ("factors", "node", "serial", "sources", "spot", "walked")

    def __init__(
        self,
        serial: int,
        spot: Spot | None = None,
        sources: tuple[int, ...] = (),
        node: int = 0,
    ) -> None:
        self.serial = serial
        self.node = node
        self.spot = spot
        self.sources = sources
        self.factors: tuple[int, ...] = ()
        self.walked = False


_CHECKPOINT = f"{torch_inside.CHECKPOINT_NODE}Backward"


class Step:
    """An autograd node, as plain data."""

    __slots__ = ("checkpoint", "custom", "name", "nexts", "stamp")

    def __init__(self, name: str, stamp: Stamp, nexts: tuple[int, ...], custom: bool) -> None:
        self.name = name
        self.stamp = stamp
        self.nexts = nexts
        self.custom = custom
        self.checkpoint = name == _CHECKPOINT

    @property
    def spot(self) -> Spot | None:
        return self.stamp.spot


def nexts_of(steps: Mapping[int, Step], number: int) -> tuple[int, ...]:
    """Return what lies directly before a node; nothing for what is none."""
    step = steps.get(number)
    return () if step is None else step.nexts


class Asked(NamedTuple):
    """A call of ``torch.autograd.grad`` that asked for parameters.

    Attributes:
        roots: Numbers of what it differentiated.
        leaves: Numbers of what it asked for.
        spot: The line.
    """

    roots: frozenset[int]
    leaves: frozenset[int]
    spot: Spot


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
        is_parameter: It was made with ``nn.Parameter``.
        sources: Numbers of the severed values that it is made of.
    """

    __slots__ = ("is_parameter", "requires_grad", "shape", "sources")

    def __init__(self, tensor: Tensor, sources: tuple[int, ...]) -> None:
        self.shape = () if is_lazy(tensor) or tensor.is_nested else tuple(tensor.shape)
        self.requires_grad = False
        self.is_parameter = isinstance(tensor, Parameter)
        self.sources = sources


class Exit(StrEnum):
    """As what a value left torch."""

    NUMBER = "number"  # Python may compute with it, or choose by it what runs
    DATA = "data"  # it can come back as data alone, which are then of unknown origin


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
