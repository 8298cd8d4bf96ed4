"""Tensors without history whose making nobody saw, known by the memory in which they lie.

In a parameter's since before the trace: ``w = p.data``, ``model.state_dict()``, a flat buffer, a
numpy array. In that of a value of interest: ``torch.Tensor(t)``, ``torch.FloatTensor(t)``.
"""

from bisect import bisect_left
from operator import attrgetter
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from gradviz.graph import CutKind
from gradviz.recording.entries.identity import Facts
from gradviz.recording.entries.records import Call, Inputs
from gradviz.recording.reading.alive import of_kinds
from gradviz.recording.reading.where import NOWHERE
from gradviz.recording.tape import Tape
from gradviz.recording.tensor_state import address, region
from gradviz.recording.torch_inside import has_data, is_opaque, may_share, view_base

SHARED_MEMORY = "shared memory"


class _Span(NamedTuple):
    """Where a leaf lies in memory, and what is known of it."""

    low: int
    high: int
    facts: Facts
    live: bool


class Kinships:
    """Which leaves the memory of a tensor belongs to that no call of the trace has made.

    The leaves are looked for once, when the first tensor comes in that shares its memory.
    """

    def __init__(self, tape: Tape) -> None:
        self._tape = tape
        self._spans: list[_Span] | None = None
        self._numbers: dict[tuple[int, int, bool], int] = {}
        # Memory that a tensor had for itself as it was met first: what shares it now is its view
        self._alone: set[int] = set()
        tape.kin = self.of_leaf

    def made(self, tensor: Tensor, views: int = 0) -> None:
        """Take note of memory that a tensor, and some views of it, have for themselves."""
        if self._spans is None and _is_floating(tensor) and not may_share(tensor, views):
            self._alone.add(address(tensor))

    def handed_out(self, tensor: Tensor) -> None:
        """Take note that something beside Python has a tensor's memory as well, by now."""
        if address(tensor) in self._alone:
            self._alone.discard(address(tensor))
            self._spans = None

    def of(self, tensor: Tensor) -> int:
        """Return the number of what a tensor carries that lies in the memory of leaves, or of a
        value of interest that it is a view of.

        0 for one that lies in none.
        """
        if (base := view_base(tensor)) is not None and (number := self._of_view(tensor, base)):
            return number
        if self._spans is None:
            if not _is_floating(tensor) or address(tensor) in self._alone:
                return 0
            if not may_share(tensor):
                self._alone.add(address(tensor))
                return 0
            self._look()
        if not self._spans or not _is_floating(tensor):
            return 0
        return self._within(*_bytes(tensor), parameters=tensor.requires_grad)

    def _of_view(self, tensor: Tensor, base: Tensor) -> int:
        """Return the number of what a tensor carries of which only its base is known."""
        tensors = self._tape.tensors
        facts = tensors.find(base)
        return facts.origin if facts is not None and tensors.find(tensor) is None else 0

    def of_others(self, inputs: Inputs, leaf: Tensor) -> Inputs:
        """Return some inputs of a call without what lies in the memory of one leaf alone."""
        own, calls = self._tape.leaf_number(leaf), self._tape.calls
        return tuple(
            (number, live)
            for number, live in inputs
            if number not in calls
            or calls[number].operation != SHARED_MEMORY
            or any(owner != own for owner, _ in calls[number].inputs)
        )

    def of_leaf(self, leaf: Tensor) -> int:
        """Return what ``of`` does of a leaf; 0 for a parameter, whose memory is its own."""
        return self.of(leaf) if type(leaf) is Tensor else 0

    def of_array(self, array: "np.ndarray[Any, Any]") -> dict[int, bool]:
        """Return what an array carries that torch has given out before the trace, by number: no
        gradient passes.
        """
        base: Any = array
        while isinstance(base, np.ndarray):
            base = base.base
        number = self.of(base) if isinstance(base, Tensor) else 0
        return {number: False} if number else {}

    def _within(self, low: int, high: int, *, parameters: bool) -> int:
        """Return the number of what lies in the memory of leaves, or of parameters alone."""
        assert self._spans is not None
        number = self._numbers.get((low, high, parameters))
        if number is None:
            last = bisect_left(self._spans, high, key=attrgetter("low"))
            owners = tuple(
                (span.facts.leaf, span.live)
                for span in self._spans[:last]
                if low < span.high
                and self._tape.tensors.is_valid(span.facts)
                and (self._tape.leaves[span.facts.leaf].is_parameter or not parameters)
            )
            number = self._call(owners) if owners else 0
            self._numbers[low, high, parameters] = number
        return number

    def _call(self, owners: tuple[tuple[int, bool], ...]) -> int:
        for leaf, live in owners:
            self._tape.leaves[leaf].requires_grad |= live
        return self._tape.call(Call("data", CutKind.DATA, SHARED_MEMORY, owners, NOWHERE))

    def _look(self) -> None:
        # Of parameters alone: another thread may just be letting go of a plain tensor, and torch
        # before 2.13 then takes it away from whoever holds it
        self._spans = []
        leaves = [leaf for leaf in of_kinds(nn.Parameter) if type(leaf) is nn.Parameter]
        spans = map(self._span, filter(may_share, leaves))
        self._spans = sorted(spans, key=attrgetter("low"))

    def _span(self, leaf: Tensor) -> _Span:
        self._tape.leaf(leaf)
        return _Span(*_bytes(leaf), self._tape.tensors.know(leaf), leaf.requires_grad)


def _is_floating(tensor: Tensor) -> bool:
    return tensor.dtype.is_floating_point or tensor.dtype.is_complex


def _bytes(tensor: Tensor) -> tuple[int, int]:
    """Return where a tensor's elements lie in memory; nothing for one without memory."""
    try:
        if tensor.layout is not torch.strided or is_opaque(tensor):
            return 0, 0
        memory = tensor.untyped_storage()
        start = memory.data_ptr() if has_data(memory) else 0
        low, high = region(tensor) if start else (0, 0)
        return start + low, start + high
    except (RuntimeError, NotImplementedError):
        return 0, 0
