"""The last step of all, and whether backward runs on long after it.

A step that a condition leaves out, or that GradScaler skips, is not called: nothing is seen of it.
What is seen at the end is how much of a graph was made since the last step, by the numbers that
torch gives autograd's nodes, and that gradient has come since.
"""

import threading
import weakref
from typing import Any

from torch import Tensor
from torch.optim import Optimizer

from gradviz.recording import torch_inside
from gradviz.recording.arithmetic.sizes import any_nonzero
from gradviz.recording.entries.identity import memory_of
from gradviz.recording.groups import parameters_in

_FEW = 4  # steps' worth of graph, which a look at gradients at the end may make
_SHARE = 2  # one in so many of all steps


class LastStep:
    """The last step that any optimizer has made."""

    def __init__(self) -> None:
        self._thread = 0
        self._steps = 0  # of all optimizers, in that thread
        self._first = self._last = 0  # the number of the next node, at the first step and the last
        # No weak reference to a tensor: torch refuses to swap one that somebody holds one to
        self._optimizer: weakref.ref[Optimizer] | None = None
        self._parameter = 0  # identity of one of its parameters
        self._gradient: weakref.ref[Any] | None = None  # the memory of its gradient
        self._writes: tuple[int | None, int | None] = (None, None)  # into these two

    def took(self, optimizer: Optimizer) -> None:
        """An optimizer has made a step."""
        thread = threading.get_ident()
        self._last = torch_inside.sequence_number()
        if thread != self._thread:
            self._thread, self._steps, self._first = thread, 0, self._last
        self._steps += 1
        with torch_inside.without_torch_function():
            self._optimizer, self._parameter, self._gradient = weakref.ref(optimizer), 0, None
            for group in optimizer.param_groups:
                for parameter in parameters_in(group):
                    gradient = parameter.grad if parameter.is_leaf else None
                    memory = None if gradient is None else memory_of(gradient)
                    if gradient is not None and memory is not None:
                        self._parameter, self._gradient = id(parameter), weakref.ref(memory)
                        self._writes = _writes(parameter), _writes(gradient)
                        return

    def is_long_ago(self) -> bool:
        """Say whether as much graph was made since as for many steps before, and gradient has come.

        Only about as much: what is watched makes another number of nodes.
        """
        if self._steps < 2 or threading.get_ident() != self._thread or not self._has_come():
            return False
        of_step = (self._last - self._first) / (self._steps - 1)
        made = torch_inside.sequence_number() - self._last
        return of_step > 0 and made >= of_step * max(_FEW, self._steps / _SHARE)

    def _has_come(self) -> bool:
        optimizer = None if self._optimizer is None else self._optimizer()
        if optimizer is None or self._gradient is None:
            return False
        with torch_inside.without_torch_function():
            held = (own for group in optimizer.param_groups for own in parameters_in(group))
            parameter = next((own for own in held if id(own) == self._parameter), None)
            gradient = None if parameter is None else parameter.grad
            into_parameter, into_gradient = self._writes
            if parameter is None or gradient is None or _writes(parameter) != into_parameter:
                return False  # what writes into it may be a step of the user's
            if self._gradient() is memory_of(gradient) and _writes(gradient) == into_gradient:
                return False
            return any_nonzero(gradient) is True  # else it was set to zero


def _writes(tensor: Tensor) -> int | None:
    """Return how often a tensor was written into; None where torch does not say."""
    return None if tensor.is_inference() else torch_inside.version(tensor)
