"""Why zeros, NaN or infinity leave a node, looked into while what the node saved is there."""

import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any

from torch import Tensor

from gradviz.recording import torch_inside
from gradviz.recording.arithmetic import births, faint, flat, sizes
from gradviz.recording.arithmetic.held import held
from gradviz.recording.arithmetic.passage import Passage
from gradviz.recording.tape import Tape
from gradviz.recording.tensor_state import address, region

_MOST_BIRTHS = 4  # that are looked into
_MOST_FLAT = 64  # nodes that make zeros, likewise
_MOST_ROUNDED = 256  # nodes that little leaves, likewise
# What to read a strange node may raise
_ODD = (RuntimeError, TypeError, ValueError, IndexError, OverflowError)

EdgeGradients = Sequence[Tensor | None]
Sizes = Sequence[sizes.Size | None]


class Reasons:
    """What was read off the nodes of one backward."""

    def __init__(self, tape: Tape) -> None:
        self._tape = tape
        # By number of the node whose backward shows it; 0 or less where the loss does
        self._born: dict[int, births.Born] = {}
        self.flat: dict[int, dict[int, str]] = {}  # why zeros leave, by node and edge
        self.rounded: dict[int, frozenset[int]] = {}  # along which edges only rounding leaves

    def look(
        self, number: int, came: Sizes, went: Sizes, passed: EdgeGradients, arrived: EdgeGradients
    ) -> None:
        """Look into a node that zeros or what is not finite leave, if they are made there."""
        sources = [size for size in came if size is not None]
        spoils = any(isinstance(size, float) and not math.isfinite(size) for size in went)
        if (
            spoils
            and len(self._born) < _MOST_BIRTHS
            and all(isinstance(size, float) and math.isfinite(size) for size in sources)
        ):
            self._look_for_birth(number, passed, arrived)
        zeros = [
            edge
            for edge, (size, gradient) in enumerate(zip(went, passed, strict=False))
            if isinstance(size, float) and size == 0 and gradient is not None and gradient.numel()
        ]
        if (
            zeros
            and len(self.flat) < _MOST_FLAT
            and any(isinstance(size, float) and size != 0 for size in sources)
        ):
            self._look_for_zeros(number, zeros, passed, arrived)
        largest = max((size for size in sources if isinstance(size, float)), default=0.0)
        small = [
            edge
            for edge, size in enumerate(went)
            if isinstance(size, float) and 0 < size < faint.FAINT * largest
        ]
        if small and len(self.rounded) < _MOST_ROUNDED:
            self._look_for_rounding(number, small, passed, arrived)

    def _look_for_birth(self, number: int, passed: EdgeGradients, arrived: EdgeGradients) -> None:
        node = self._running(number)
        if node is None:
            return
        with suppress(*_ODD):  # else it is told without its reason
            self._bear(
                number,
                births.look(node, _plain(passed), _plain(arrived), is_written=self._is_written),
            )

    def _look_for_zeros(
        self, number: int, edges: Sequence[int], passed: EdgeGradients, arrived: EdgeGradients
    ) -> None:
        node = self._running(number)
        if node is None:
            return
        whys = self.flat.setdefault(number, {})
        first = next((gradient for gradient in arrived if gradient is not None), None)
        for edge in edges:
            with suppress(*_ODD):  # else the reason stays unknown
                whys |= flat.look(node, edge, first, passed[edge])

    def _look_for_rounding(
        self, number: int, edges: Sequence[int], passed: EdgeGradients, arrived: EdgeGradients
    ) -> None:
        node = self._running(number)
        came = [gradient for gradient in arrived if gradient is not None]
        if node is None or len(came) != 1:
            return
        with suppress(*_ODD):  # else it counts as gradient
            self.rounded[number] = frozenset(
                edge for edge in edges if faint.is_rounding(node, edge, came[0], passed[edge])
            )

    def _running(self, number: int) -> Any:
        """Return the node that runs, if it is the one that has a number."""
        node = torch_inside.current_node()
        return node if node is not None and self._tape.stamp(node, None).serial == number else None

    def look_at_loss(self, loss: Tensor) -> None:
        """Where a loss is NaN or infinite before its backward begins, say where that was made."""
        if not math.isfinite(sizes.read([sizes.size_of(loss)])[0]):
            maker = None
            with suppress(*_ODD):
                maker = births.made_in_forward(
                    [loss.grad_fn], spoiled=True, is_written=self._is_written
                )
            self._bear(-len(self._born), maker or births.of_loss(loss.grad_fn))

    def _is_written(self, leaf: Tensor) -> bool:
        write = self._tape.rewritten.last(address(leaf), region(leaf))
        return write is not None and write.brought > 0

    def bear_unread(self, serial: int) -> None:
        """A loss was NaN or infinite on a device that nobody has waited for; ``serial`` is the
        number of the node that made it.
        """
        self._born[-len(self._born)] = births.Born(serial, True, *births.ON_DEVICE, unsure="before")

    def _bear(self, shown: int, birth: births.Birth) -> None:
        tape, value, before = self._tape, birth.held, None
        stamp = tape.stamp(birth.node, None)
        if stamp.spot in tape.derived:
            self._born[shown] = tape.derived[stamp.spot]
            return
        if value is not None:
            leaf = tape.leaf(value, live=True) if value.requires_grad and value.is_leaf else 0
            before = held(tape.rewritten, value, leaf, stamp.node, birth.others)
        self._born[shown] = births.Born(
            stamp.serial, birth.forward, *birth.words, before, birth.unsure
        )

    def births(self, flows: Mapping[int, Passage]) -> Iterator[tuple[int, births.Born]]:
        """Yield each birth of NaN or infinity with the node whose backward shows it, in order.

        0 or less where the loss does.
        """
        yield from ((shown, born) for shown, born in self._born.items() if shown <= 0)
        for number, flow in flows.items():
            if (
                flow.came is None
                or not math.isfinite(flow.came)
                or all(size is None or math.isfinite(size) for size in flow.went)
            ):
                continue
            step = self._tape.steps.get(number)
            name = "" if step is None else step.name
            if step is not None and step.checkpoint and self._born.keys() - {number}:
                continue  # what it runs again has shown where that began
            usual = births.Born(number, False, *births.usually(name))
            yield number, self._born.get(number, usual)


def _plain(gradients: EdgeGradients) -> list[Tensor | None]:
    """Return the numbers of those that can be read; None for the others."""
    return [None if gradient is None else sizes.plain(gradient) for gradient in gradients]
