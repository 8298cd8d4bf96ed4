"""Looks, once the calls that are watched are over, whether what a step does is there at the next.

At one small parameter of each optimizer, after ever fewer steps: two in a row tell.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.optim import Optimizer

from gradviz.recording.groups import parameters_in
from gradviz.training.moves import Moves
from gradviz.training.optimizers import Optimizers
from gradviz.training.sampling import has_values, spread

_SHARE = 16  # of the steps so far, those until the next two that are looked at
_OFTEN = 4  # looks in a row, to the last: a search may take back a few steps


@dataclass(slots=True)
class _Watched:
    """A parameter that is looked at.

    Attributes:
        parameter: Its identity.
        group, place: Its group, and its place in that.
        began: The last step before it was first looked at.
        before, after: Its values around the last step that was looked at; None where what became of
            them is known.
        since: The first of the steps that were undone, all that were looked at since; None where
            the last was not.
        undone: How many these are.
    """

    parameter: int
    group: int
    place: int
    began: int
    before: Tensor | None = None
    after: Tensor | None = None
    since: int | None = None
    undone: int = 0

    def values(self, optimizer: Optimizer) -> Tensor | None:
        """Return an even spread of what stands there; None where that is another."""
        groups = optimizer.param_groups
        held = parameters_in(groups[self.group]) if self.group < len(groups) else ()
        if self.place >= len(held) or id(held[self.place]) != self.parameter:
            return None
        return spread(held[self.place]).clone() if has_values(held[self.place]) else None


class Returns:
    """The steps that were undone before the next one, by the identity of the optimizer."""

    def __init__(self) -> None:
        self._posts: dict[int, _Watched] = {}

    def begin(self, optimizers: Optimizers, moves: Moves) -> None:
        """Look at the smallest parameter of each optimizer that gradient has moved, from here."""
        self._posts.clear()
        for key, record in optimizers.records.items():
            optimizer = record.optimizer()
            groups = [] if optimizer is None else optimizer.param_groups
            sizes = [
                (parameter.numel(), group, place, id(parameter))
                for group, own in enumerate(groups)
                for place, parameter in enumerate(parameters_in(own))
                if moves.of(id(parameter)).by_gradient and has_values(parameter)
            ]
            if record.steps and sizes:
                _, group, place, parameter = min(sizes)
                self._posts[key] = _Watched(parameter, group, place, record.steps)

    def renumber(self, optimizer: int, number: int) -> None:
        """Let what was found of an optimizer be of a number: another may get its identity."""
        if optimizer in self._posts:
            self._posts[number] = self._posts.pop(optimizer)

    def due(self, optimizer: int, steps: int) -> float:
        """Return the number of the next step that is looked at, after so many; infinite where none
        is.
        """
        post = self._posts.get(optimizer)
        if post is None:
            return math.inf
        is_open = post.before is not None
        return steps + (1 if is_open else max(1, (steps - post.began) // _SHARE))

    def begin_step(self, optimizer: Optimizer, step: int) -> None:
        """A step begins, by its number: see what has become of the one before."""
        post = self._posts.get(id(optimizer))
        values = None if post is None else post.values(optimizer)
        if post is None or values is None:
            self._posts.pop(id(optimizer), None)
        elif post.before is None or post.after is None:
            post.before = values
        else:
            moved = not torch.equal(post.before, post.after)
            if moved and torch.equal(post.before, values):
                post.since, post.undone = post.since or step - 1, post.undone + 1
            elif moved:
                post.since, post.undone = None, 0
            post.before = post.after = None

    def end_step(self, optimizer: Optimizer) -> None:
        """The step is over."""
        post = self._posts.get(id(optimizer))
        if post is not None and post.before is not None:
            post.after = post.values(optimizer)

    def undone(self, optimizer: int) -> tuple[int, int] | None:
        """Return the first of the steps that are undone, all that were looked at since, and the
        identity of the parameter that shows it; None where too few are.
        """
        post = self._posts.get(optimizer)
        is_rule = post is not None and post.since is not None and post.undone >= _OFTEN
        return (post.since or 0, post.parameter) if post is not None and is_rule else None
