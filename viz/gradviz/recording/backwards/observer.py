"""Watches the backwards that one thread runs, and keeps what each of them brought."""

from collections.abc import Iterable
from functools import partial

import torch
from torch import Tensor

from gradviz.recording import torch_inside
from gradviz.recording.backwards.observe import Observation
from gradviz.recording.brought import Backward
from gradviz.recording.devices import is_capturing
from gradviz.recording.tape import Tape
from gradviz.system.undo import Action


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
        """Watch the backward that begins now, and return it.

        Args:
            losses: What it begins from.
            inputs: The leaves that it is to bring gradient to; None for all of them.
            off: Gets what ends watching, whatever happens, where it is no part of another.
        """
        live = [loss for loss in losses if loss.requires_grad]
        if self._running is None and not _can_be_watched():
            return self._backward(live, inputs)
        if self._running is None:
            off.append(partial(setattr, self, "_running", None))
            # Which a hook here switches for a moment
            off.append(partial(torch_inside.set_grad_enabled, torch.is_grad_enabled()))
            self._running = Observation(self._tape, off)
        self._running.look_at_losses(live)
        nodes = (torch.autograd.graph.get_gradient_edge(loss).node for loss in live)
        self._running.watch(nodes, whole=inputs is None)
        return self._backward(live, inputs)

    def _backward(self, losses: Iterable[Tensor], inputs: Iterable[Tensor] | None) -> Backward:
        live = self._tape.live
        roots = tuple(map(live, losses))
        asked = (
            None
            if inputs is None
            else frozenset(live(leaf) for leaf in inputs if leaf.requires_grad)
        )
        return Backward(roots, self._running, asked, self._tape.now())

    def end(
        self, backward: Backward | None, error: BaseException | None, *, outermost: bool
    ) -> list[Tensor]:
        """It is over, or it raised; None where it could not be watched.

        Return the leaves that it may have left gradient in.
        """
        running, leaves = self._running, []
        if outermost and running is not None:
            self._running = None
            leaves = running.end()
            self._tape.held.clear()
        if backward is None:
            return leaves
        if error is not None and backward.observation is not None:
            backward.raised = backward.observation.raised(error, backward.roots)
        self._tape.ended(backward)
        if outermost and running is not None:
            running.settle()
        return leaves


def _can_be_watched() -> bool:
    """Say whether backward can be watched: it is not compiled, nor recorded into a CUDA graph.

    Both would take the looking in.
    """
    return not is_capturing() and not torch_inside.backward_is_compiled()
