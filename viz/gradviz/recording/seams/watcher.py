"""Who takes note in one thread, and of which optimizers."""

import threading
import weakref
from collections.abc import Iterable
from functools import partial
from itertools import chain
from typing import NamedTuple

import torch

from gradviz.recording import torch_inside
from gradviz.recording.entries.identity import Facts, Tensors
from gradviz.recording.groups import parameters_in
from gradviz.recording.mode import RecordingMode
from gradviz.recording.step_watch import OptimizerWatch
from gradviz.system.undo import Action, as_one, when_empty


def held_by(optimizers: Iterable[torch.optim.Optimizer]) -> set[int]:
    """Return what some optimizers hold, by identity."""
    return {
        id(parameter)
        for optimizer in optimizers
        for group in optimizer.param_groups
        for parameter in parameters_in(group)
    }


class Optimized:
    """The optimizers built during a trace, known weakly.

    Also what one held that is gone since, as one local to the step is.
    """

    def __init__(self, tensors: Tensors) -> None:
        self._tensors = tensors
        self._built: list[tuple[weakref.ref[torch.optim.Optimizer], list[Facts]]] = []

    def add(self, optimizer: torch.optim.Optimizer) -> None:
        parameters = [
            parameter for group in optimizer.param_groups for parameter in parameters_in(group)
        ]
        self._built.append(
            (weakref.ref(optimizer), [self._tensors.know(parameter) for parameter in parameters])
        )

    def held(self) -> set[int] | None:
        """Return what they hold, by identity; None where none was built."""
        alive = [
            optimizer for reference, _ in self._built if (optimizer := reference()) is not None
        ]
        if alive:
            return held_by(alive)
        return (
            {
                facts.key
                for _, parameters in self._built
                for facts in parameters
                if self._tensors.is_valid(facts)
            }
            if self._built
            else None
        )


class Watcher(NamedTuple):
    """Who takes note in one thread."""

    mode: RecordingMode
    optimizers: Optimized
    training: OptimizerWatch
    eagerly: list[Action]  # what ends running eagerly, once it has begun

    def run_eagerly(self) -> None:
        """Have compiled code run as it is written, which shows the true graph, until the trace
        ends.
        """
        if not self.eagerly:
            back = chain(map(_before.get, ("stance",), (_before.clear,)), [_before.clear])
            own = partial(_eager.discard, id(self))
            # First of all, so that an interrupt leaves nothing that does not end
            self.eagerly.append(as_one([own, when_empty(_eager, back)]))
            _eager.add(id(self))
            _before.setdefault("stance", torch_inside.putting_stance_back())
            torch.compiler.set_stance("force_eager")


# The stance is one for all threads: the first watcher finds what the last one puts back
_eager: set[int] = set()  # the watchers that run eagerly, by identity
_before: dict[str, Action] = {}  # what gives the stance of before back


of_thread = threading.local()  # its watcher, while there is one
users: set[int] = set()  # the watchers of all threads, by identity
