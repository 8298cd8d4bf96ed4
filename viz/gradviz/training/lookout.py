"""Looks out for NaN once the calls that are watched are over.

At one small parameter of each optimizer, at every step.

What makes one parameter NaN makes the next loss NaN, and that every parameter. So a small one tells
at little cost, and at most one step late.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

from torch.optim import Optimizer

from gradviz.recording import torch_inside
from gradviz.recording.torch_inside import own_part
from gradviz.training.moves import Moves
from gradviz.training.optimizers import Optimizers
from gradviz.training.sampling import has_values, spread


@dataclass(slots=True)
class _Post:
    """Where the parameter stands that is looked at, and since which step it is not finite."""

    group: int
    place: int
    since: int | None = None


class Lookout:
    """The steps after which something was not finite.

    Attributes:
        spoilt: Their numbers, counted from 1, by the identity of the optimizer.
        is_even: Each backward call had a step of its own, so that they have the same numbers.
        spoils: Is called where something stays so.
    """

    def __init__(self, look: Callable[[], None]) -> None:
        """``look`` looks at everything."""
        self.spoilt: dict[int, int] = {}
        self.spoils: Callable[[], object] = bool
        self._look = look
        self.is_even = False
        self._posts: dict[int, _Post] = {}

    def begin(self, optimizers: Optimizers, moves: Moves, calls: int | None) -> None:
        """Look at the smallest parameter of each optimizer that gradient has moved, from here on.

        Args:
            optimizers: All there are.
            moves: What was seen of parameters so far.
            calls: How many backward calls there were; None where that is not known.
        """
        self.end()
        records = [record for record in optimizers.records.values() if record.steps]
        self.is_even = [record.steps for record in records] == [calls]
        for record in records:
            optimizer = record.optimizer()
            if optimizer is not None:
                self._begin(optimizer, moves)

    def _begin(self, optimizer: Optimizer, moves: Moves) -> None:
        sizes = [
            (parameter.numel(), group, place)
            for group, own in enumerate(optimizer.param_groups)
            for place, parameter in enumerate(own["params"])
            if not moves.is_open(id(parameter))
            and moves.of(id(parameter)).infinite is None
            and has_values(own_part(parameter))
        ]
        if sizes:
            _, group, place = min(sizes)
            self._posts[id(optimizer)] = _Post(group, place)

    def end(self) -> None:
        """Look at nothing any more."""
        self._posts.clear()

    def renumber(self, optimizer: int, number: int) -> None:
        """Let what was seen of an optimizer be of a number: another may get its identity."""
        self._posts.pop(optimizer, None)
        if optimizer in self.spoilt:
            self.spoilt[number] = self.spoilt.pop(optimizer)

    def waits(self) -> bool:
        """Say whether the next step will show if somebody has put back what the last has spoilt."""
        return any(post.since is not None for post in self._posts.values())

    def after(self, optimizer: Optimizer, step: int) -> None:
        """Look once a step is over."""
        post = self._posts.get(id(optimizer))
        if post is not None and not self._is_finite(optimizer, post, step):
            post.since = step
            self._look()

    def before(self, optimizer: Optimizer) -> None:
        """Look before a step whether somebody has put back what the last one has spoilt."""
        post = self._posts.get(id(optimizer))
        if post is None or post.since is None:
            return
        since, post.since = post.since, None
        self._look()
        if not self._is_finite(optimizer, post, 0):
            self.spoilt[id(optimizer)] = since
            self.end()
            self.spoils()

    def settle(self) -> None:
        """No step is to come: nobody will put back what the last one has done."""
        for optimizer, post in self._posts.items():
            if post.since is not None:
                self.spoilt.setdefault(optimizer, post.since)

    @staticmethod
    def _is_finite(optimizer: Optimizer, post: _Post, step: int) -> bool:
        groups = optimizer.param_groups
        if post.group >= len(groups) or post.place >= len(groups[post.group]["params"]):
            return True
        parameter = groups[post.group]["params"][post.place]
        if step & (step - 1) and parameter.device.type != "cpu":
            return True  # to wait for a device costs more: that only ever more rarely
        total = own_part(torch_inside.detach(parameter)).sum().item()
        if isinstance(total, float) and math.isfinite(total):
            return True  # this is quick, and only where values are huge says less than the next
        return bool(spread(parameter).isfinite().all())
