"""The last step of all, and whether backward runs on long after it.

A step that a condition leaves out, or that GradScaler skips, is not called: nothing is seen of it.
What is seen at the end is how much of a graph was made since the last step, by the numbers that
torch gives autograd's nodes, and that gradient has come since.
"""

import threading
import weakref
from typing import TYPE_CHECKING

from torch.optim import Optimizer

from gradviz.recording import torch_inside
from gradviz.recording.groups import parameters_in
from gradviz.recording.sizes import any_nonzero

if TYPE_CHECKING:
    from torch import Tensor

_FEW = 4  # steps' worth of graph, which a look at gradients at the end may make
_SHARE = 2  # one in so many of all steps


class LastStep:
    """The last step that any optimizer has made."""

    def __init__(self) -> None:
        self._thread = 0
        self._steps = 0  # of all optimizers, in that thread
        self._first = self._last = 0  # the number of the next node, at the first step and the last
        self._parameter: weakref.ref[Tensor] | None = None
        self._gradient: weakref.ref[Tensor] | None = None
        self._writes: int | None = None

    def took(self, optimizer: Optimizer) -> None:
        """An optimizer has made a step."""
        thread = threading.get_ident()
        self._last = torch_inside.sequence_number()
        if thread != self._thread:
            self._thread, self._steps, self._first = thread, 0, self._last
        self._steps += 1
        with torch_inside.without_torch_function():
            self._parameter = self._gradient = None
            for group in optimizer.param_groups:
                for parameter in parameters_in(group):
                    gradient = parameter.grad if parameter.is_leaf else None
                    if gradient is not None:
                        self._parameter = weakref.ref(parameter)
                        self._gradient = weakref.ref(gradient)
                        self._writes = torch_inside.version(gradient)
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
        parameter = None if self._parameter is None else self._parameter()
        if parameter is None or self._gradient is None:
            return False
        with torch_inside.without_torch_function():
            gradient = parameter.grad
            if gradient is None:
                return False
            as_it_was = self._gradient() is gradient
            if as_it_was and torch_inside.version(gradient) == self._writes:
                return False
            return any_nonzero(gradient) is True  # else it was set to zero
