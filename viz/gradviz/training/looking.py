"""Looks at the parameters of one step.

Their gradients before it, their values before and after it.
"""

import math
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor
from torch.optim import Optimizer

from gradviz.facts.overflows import Overflow
from gradviz.recording import torch_inside
from gradviz.recording.reading import where
from gradviz.recording.torch_inside import own_part
from gradviz.training.sampling import Batch, every, has_values, read, spread

_ROWS = 8  # of a table, those with the most gradient
_IN_ROW = 64  # elements of each of these that are looked at


@dataclass(slots=True)
class Glance:
    """One parameter in one step, as numbers.

    Attributes:
        key: Identity of the parameter.
        gradient, norm: L2 norm of its gradient; None where there was none.
        moved, compared, finite, ratio, change, holds, lr: As in
            :class:`gradviz.facts.evidence.Look`.
        weight: L2 norm of its values before the step, as its even spread tells it.
        sample: Its even spread before the step, and some rows of a table after that.
        after: And after it.
        spread: How much of that is the even spread.
        decays: Its group has weight decay.
        overflow: The step itself made it so that it is not finite; None where it did not.
    """

    key: int
    gradient: float | None = None
    norm: float | None = None
    moved: int = 0
    compared: int = 0
    finite: bool = True
    ratio: float | None = None
    change: float | None = None
    holds: float | None = None
    lr: float | None = None
    weight: float | None = None
    sample: Tensor = field(default_factory=lambda: torch.empty(0))
    after: Tensor = field(default_factory=lambda: torch.empty(0))
    spread: int = 0
    decays: bool = False
    overflow: Overflow | None = None


class StepLook:
    """The look at one step, in two halves. Nothing is read from a device until :meth:`read`."""

    def __init__(
        self, optimizer: Optimizer, parameters: Sequence[tuple[Tensor, dict[str, Any]]]
    ) -> None:
        self._optimizer = optimizer
        self._parameters = [
            (parameter, group)
            for parameter, group in parameters
            if has_values(parameter)
            and (parameter.grad is None or not torch_inside.is_opaque(parameter.grad))
        ]
        self._rows: list[Tensor | None] = [None] * len(self._parameters)
        self._gradients: Batch | None = None
        self._norms: list[float] | None = None
        self._spreads: list[int] = []
        self._which: list[int] = []
        self._measured: list[Tensor] = []
        self._before: Batch | None = None
        self._after: Batch | None = None

    def before(self, *, gradients: bool = True) -> None:
        """Look at gradients and values before the step."""
        if gradients:
            self.look_at_gradients()
        self._before = Batch(self._values())

    def after(self) -> None:
        """Look at the values after the step.

        At the gradients too, where a closure has brought them only now.
        """
        if self._gradients is None:
            self.look_at_gradients(rows=False)
        self._after = Batch(self._values())

    def look_at_gradients(self, *, rows: bool = True) -> None:
        """Measure the gradients as they are now."""
        pieces: list[Tensor] = []
        self._which, self._measured = [], []
        for place, (parameter, _) in enumerate(self._parameters):
            gradient = parameter.grad
            if gradient is None or torch_inside.is_opaque(gradient):
                continue
            values = own_part(torch_inside.detach(gradient))
            if values.layout == torch.sparse_coo:
                values = values.coalesce()
                if rows and values.sparse_dim() == 1:
                    self._rows[place] = values.indices()[0][:_ROWS]
                values = values.values()
            if not values.numel() or not (
                values.dtype.is_floating_point or values.dtype.is_complex
            ):
                continue
            wide = torch.float32 if values.dtype in (torch.float16, torch.bfloat16) else None
            self._which.append(place)
            self._measured.append(values)
            norm = values  # which is read once: it is as large as the model
            if rows and gradient.layout == torch.strided and _is_table(values):
                norm = torch.linalg.vector_norm(values, dim=1, dtype=wide)
                self._rows[place] = norm.topk(_ROWS).indices
            norm = torch.linalg.vector_norm(norm, dtype=wide)
            pieces.append((norm.real if norm.is_complex() else norm).reshape(1))
        self._gradients = Batch(pieces)
        if self._gradients.is_at_hand:
            self._norms = self._numbers(self._gradients.read())

    def _values(self) -> list[Tensor]:
        pieces = []
        self._spreads = []
        for (parameter, _), rows in zip(self._parameters, self._rows, strict=True):
            piece = spread(parameter)
            self._spreads.append(piece.numel())
            if rows is not None:
                table = own_part(torch_inside.detach(parameter))
                columns = max(1, table.shape[1] // _IN_ROW)
                piece = torch.cat([piece, table[rows][:, ::columns].reshape(-1)])
            pieces.append(piece)
        return pieces

    def read(self) -> list[Glance]:
        """Return what was seen of each parameter. Waits for the device."""
        if self._before is None or self._after is None or self._gradients is None:
            return []
        before, after, sizes = read(self._before, self._after, self._gradients)
        norms = self._norms if self._norms is not None else self._numbers(sizes)
        self._measured = []
        measured = dict(zip(self._which, norms, strict=True))
        changes = []
        pairs = zip(self._parameters, before, after, strict=True)
        for place, ((parameter, group), old, new) in enumerate(pairs):
            glance = Glance(
                id(parameter), compared=old.numel(), lr=_rate(group), sample=old, after=new
            )
            glance.spread = self._spreads[place]
            glance.decays = bool(group.get("weight_decay"))
            if place in measured:
                glance.gradient = glance.norm = measured[place]
            elif parameter.grad is not None:
                glance.gradient = glance.norm = 0.0
            glance.moved = int((old != new).sum()) if old.numel() == new.numel() else new.numel()
            glance.finite = bool(new.isfinite().all())
            if not glance.finite and old.isfinite().all() and math.isfinite(glance.gradient or 0.0):
                glance.overflow = _overflow(self._optimizer, parameter, group)
            size = float(torch.linalg.vector_norm(old.double()))
            glance.weight = size * (parameter.numel() / old.numel()) ** 0.5 if old.numel() else None
            if glance.moved and glance.finite and old.numel() == new.numel():
                change = float(torch.linalg.vector_norm(new.double() - old.double()))
                glance.ratio = change / size if size else None
                glance.change = change / old.numel() ** 0.5 if old.numel() else None
            elif not glance.moved and glance.gradient:
                glance.ratio = 0.0
                glance.holds = self._holds(parameter, group, old)
                if glance.holds is None and every(parameter.numel()) > 1:
                    glance.compared = 0  # what was looked at had no gradient: nothing can be said
            changes.append(glance)
        return changes

    def _numbers(self, norms: Sequence[Tensor]) -> list[float]:
        """Return the norms of the gradients.

        The largest element where the sum of squares is beyond what its type can hold.
        """
        return [
            float(torch_inside.detach(values).abs().max()) if norm in (0.0, math.inf) else norm
            for norm, values in zip(map(float, norms), self._measured, strict=True)
        ]

    def _holds(self, parameter: Tensor, group: dict[str, Any], old: Tensor) -> float | None:
        """Return the share of elements with gradient that could hold the update to be expected.

        None where none has gradient.
        """
        gradient = parameter.grad
        rate = _rate(group)
        if gradient is None or gradient.layout != torch.strided or rate is None:
            return None
        size = spread(gradient, like=parameter).abs().double().cpu()
        old = old[: size.numel()]
        if size.numel() != old.numel():
            return None
        update = rate * size
        if not _is_plain(self._optimizer, parameter):
            adapted = rate * (size / float(group.get("eps") or 1e-8)).clamp(max=1.0)
            update = adapted if _is_known(self._optimizer) else torch.minimum(update, adapted)
        kind = torch.finfo(own_part(torch_inside.detach(parameter)).dtype)
        holds = update >= 2 * (old.abs().double() * kind.eps).clamp(min=kind.tiny)
        some = size > 0
        return float(holds[some].double().mean()) if bool(some.any()) else None


def _overflow(optimizer: Optimizer, parameter: Tensor, group: dict[str, Any]) -> Overflow:
    eps = group.get("eps") if _is_known(optimizer) else None
    vanishes = isinstance(eps, float) and eps > 0.0 == float(torch.tensor(eps).to(parameter.dtype))
    return Overflow(
        kind=type(optimizer).__name__,
        dtype=str(parameter.dtype).removeprefix("torch."),
        eps=eps if vanishes else None,
        lr=_rate(group),
    )


def _is_table(values: Tensor) -> bool:
    """Say whether a gradient may well be that of a table of which a step uses few rows."""
    return (
        values.dim() == 2
        and values.shape[0] >= max(_ROWS, 2 * values.shape[1])
        and every(values.numel()) > 1
    )


def _rate(group: dict[str, Any]) -> float | None:
    rate = group.get("lr")
    return None if rate is None else float(rate)


def _is_known(optimizer: Optimizer) -> bool:
    return type(optimizer).__module__.startswith("torch.optim")


def _is_plain(optimizer: Optimizer, parameter: Tensor) -> bool:
    """Say whether an optimizer moves a parameter by its gradient times the learning rate, as SGD
    does.
    """
    state = optimizer.state.get(parameter) or {}
    return (
        _is_known(optimizer)
        and not set(state) - {"momentum_buffer", "step"}
        and "betas" not in optimizer.defaults
    )


Running = tuple[int, int]
"""A frame that is running, by its identity and its code's: Python makes the object of a frame as it
is asked for, perhaps where that of one that is over was.
"""


def callers(*, all_of_them: bool) -> list[Running]:
    """Return the frames that are running, from that which called torch's hooks outwards; only the
    first where not all of them are asked for.
    """
    frame: Any = sys._getframe(1)
    while frame.f_code.co_filename.startswith(where.GRADVIZ):
        frame = frame.f_back  # the action, its guard and the hook
    running = [(id(frame), id(frame.f_code))]
    while all_of_them and (frame := frame.f_back) is not None:
        running.append((id(frame), id(frame.f_code)))
    return running
