"""What a tape is made of, as plain data."""

from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass
from enum import StrEnum
from typing import NamedTuple

from torch import Tensor
from torch.nn.parameter import Parameter, is_lazy

from gradviz.graph import CutKind
from gradviz.recording import torch_inside
from gradviz.recording.entries.identity import Facts
from gradviz.recording.entries.places import Places
from gradviz.recording.reading.where import NOWHERE, Spot

Inputs = tuple[tuple[int, bool], ...]
"""The number of each value that went in, and whether it required grad."""


@dataclass(slots=True, eq=False)
class Stamp:
    """What is written into the metadata of an autograd node. It dies with the node.

    Attributes:
        serial: The node's number on the tape.
        node: Torch's number of the node, which tells what was made before and after.
        spot: The line that made it; None for a node inside a composite call.
        sources: Numbers of values that went in without a gradient edge.
        factors: Those of them that its derivative depends on.
        saved: What a product saved: the edge whose derivative does not need it, and the number.
        walked: The node and what is before it are on the tape.
    """

    serial: int
    spot: Spot | None = None
    sources: tuple[int, ...] = ()
    node: int = 0
    factors: tuple[int, ...] = ()
    saved: tuple[tuple[int, int], ...] = ()
    walked: bool = False


_CHECKPOINT = f"{torch_inside.CHECKPOINT_NODE}Backward"


@dataclass(slots=True, eq=False)
class Step:
    """An autograd node, as plain data."""

    name: str
    stamp: Stamp
    nexts: tuple[int, ...]
    custom: bool

    @property
    def checkpoint(self) -> bool:
        return self.name == _CHECKPOINT

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


@dataclass(slots=True, eq=False)
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
        maker: Number of the outermost module whose constructor makes something of the parameters of
            others by it.
    """

    name: str
    kind: CutKind | None
    operation: str
    inputs: Inputs
    spot: Spot
    _: KW_ONLY
    inside: object | None = None
    inner: CutKind | None = None
    checkpoint: bool = False
    library: bool = False
    switch: object = None
    maker: int | None = None


Joints = tuple[tuple[Places, Inputs], ...]
"""The parts that a tensor was put together of: where each lies, and what went into it."""

FORGOTTEN = Call("", None, "something from long before", (), NOWHERE)


class LeafSeen:
    """A leaf tensor: a parameter, or another tensor that requires grad.

    Attributes:
        shape: Sizes.
        requires_grad: In some use of it.
        is_parameter: It was made with ``nn.Parameter``.
        sources: Numbers of the severed values that it is made of.
        maker: Number of the outermost module whose constructor made it, if one did.
        formed: The line of a module's forward that made it.
    """

    __slots__ = ("formed", "is_parameter", "maker", "requires_grad", "shape", "sources")

    def __init__(
        self,
        tensor: Tensor,
        sources: tuple[int, ...],
        maker: int | None = None,
        formed: Spot | None = None,
    ) -> None:
        self.shape = () if is_lazy(tensor) or tensor.is_nested else tuple(tensor.shape)
        self.requires_grad = False
        self.is_parameter = isinstance(tensor, Parameter)
        self.sources = sources
        self.maker = maker
        self.formed = formed


class Exit(StrEnum):
    """As what a value left torch."""

    NUMBER = "number"  # Python may compute with it, or choose by it what runs
    DATA = "data"  # it can come back as data alone, which are then of unknown origin
    FILE = "file"  # torch saved it: it can come back as a number, or as what torch itself reads


@dataclass(slots=True, eq=False)
class Write:
    """A write into memory that some readers of that memory have no history of.

    Attributes:
        low, high: Bytes of the storage it covers, from and up to.
        serial: Number of the call that wrote.
        family: The tensor whose own history has the write; None where nobody's has.
        places: Which of these bytes, where it is not all of them.
    """

    low: int
    high: int
    serial: int
    family: Facts | None
    places: Places | None = None
