"""Threads that a traced step starts, and jobs that it gives to a pool of threads.

What they compute is part of the step.

Each gets a mode of its own, for torch keeps modes, grad mode and the numbers of autograd nodes by
thread. All write on one tape, one at a time.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from torch import Tensor, nn

from gradviz.recording import torch_inside
from gradviz.recording.arguments import tensors_in
from gradviz.recording.mode import RecordingMode
from gradviz.recording.tensor_state import history
from gradviz.recording.where import Spot


class ThreadMode(RecordingMode):
    """Watches the torch calls of a thread that the traced one has started."""

    def __init__(self, parent: RecordingMode) -> None:
        super().__init__(parent.tape, parent.touches)
        self._parent = parent
        self.lock = parent.lock
        self.escapes, self.exposed, self.gradients = (
            parent.escapes,
            parent.exposed,
            parent.gradients,
        )
        self.met = parent.met

    def failed(self, failure: BaseException) -> None:
        super().failed(failure)
        self._parent.failure = self._parent.failure or self.failure

    def note_nodes(
        self, args: Any, kwargs: Any, outs: tuple[Tensor, ...], last: int, spot: tuple[Any, ...]
    ) -> None:
        """Mark the nodes that a call made: their numbers say nothing outside their thread."""
        made_before = {history(item) for item in tensors_in((*args, *kwargs.values()))}
        line = Spot._make(spot)
        stack = [history(out) for out in outs]
        while stack:
            node = stack.pop()
            if node is not None and node not in made_before and self.tape.stamp_of(node) is None:
                self.tape.stamp(node, line)
                stack += [before for before, _ in node.next_functions]
        self.tape.lines.made_aside(
            line,
            [
                item
                for item in tensors_in((*args, *kwargs.values()))
                if isinstance(item, nn.Parameter)
            ],
        )


@contextmanager
def watched(parent: RecordingMode) -> Iterator[ThreadMode]:
    """Watch this thread for the trace of another."""
    mode = ThreadMode(parent)
    parent.children.append(mode)
    torch_inside.push(mode)
    try:
        yield mode
    finally:
        for step in torch_inside.taking_out(mode):
            step()
        mode.end()
