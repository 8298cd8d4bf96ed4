"""Looks out for NaN once the calls that are watched are over.

At one small parameter of each optimizer, after ever fewer steps.

What makes one parameter NaN makes the next loss NaN, and that every parameter. So a small one tells
at little cost, and at most one step late.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

from torch.optim import Optimizer

from gradviz.recording import torch_inside
from gradviz.recording.groups import parameters_in
from gradviz.recording.torch_inside import own_part
from gradviz.training.moves import Moves
from gradviz.training.optimizers import OptimizerRecord, Optimizers
from gradviz.training.sampling import has_values, spread

_SHARE = 16  # of the steps so far, those until the next that is looked at


@dataclass(slots=True)
class _Post:
    """Where the parameter stands that is looked at.

    Attributes:
        group, place: Its group, and its place in that.
        began: The last step before it was first looked at.
        sound: The last step after which it was found finite.
        since: The step after which it was found not finite; None where it was not.
    """

    group: int
    place: int
    began: int
    sound: int
    since: int | None = None


class Lookout:
    """The steps between which something became not finite.

    Attributes:
        spoilt: By the identity of the optimizer, the last step after which it was finite and the
            first after which it was not, counted from 1.
        is_even: Each backward call had a step of its own, so that they have the same numbers.
        spoils: Is called where something stays so.
    """

    def __init__(self, look: Callable[[], None]) -> None:
        """``look`` looks at everything."""
        self.spoilt: dict[int, tuple[int, int]] = {}
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
                self._begin(optimizer, record.steps, moves)

    def _begin(self, optimizer: Optimizer, steps: int, moves: Moves) -> None:
        sizes = [
            (parameter.numel(), group, place)
            for group, own in enumerate(optimizer.param_groups)
            for place, parameter in enumerate(parameters_in(own))
            if not moves.is_open(id(parameter))
            and moves.of(id(parameter)).infinite is None
            and has_values(parameter)
        ]
        if sizes:
            _, group, place = min(sizes)
            self._posts[id(optimizer)] = _Post(group, place, began=steps, sound=steps)

    def end(self) -> None:
        """Look at nothing any more."""
        self._posts.clear()

    def renumber(self, optimizer: int, number: int) -> None:
        """Let what was seen of an optimizer be of a number: another may get its identity."""
        self._posts.pop(optimizer, None)
        if optimizer in self.spoilt:
            self.spoilt[number] = self.spoilt.pop(optimizer)

    def due(self, optimizer: int, steps: int) -> float:
        """Return the number of the next step that is looked at, after so many; infinite where none
        is.
        """
        post = self._posts.get(optimizer)
        if post is None:
            return math.inf
        rest = 1 if post.since is not None else (steps - post.began) // _SHARE
        return steps + max(1, rest)

    def after(self, optimizer: Optimizer, step: int) -> None:
        """Look once a step is over."""
        post = self._posts.get(id(optimizer))
        if post is None:
            return
        if self._is_finite(optimizer, post):
            post.sound = step
        else:
            post.since = step
            self._look()

    def before(self, optimizer: Optimizer) -> None:
        """Look before a step whether somebody has put back what the last one has spoilt."""
        post = self._posts.get(id(optimizer))
        if post is None or post.since is None:
            return
        since, post.since = post.since, None
        self._look()
        if not self._is_finite(optimizer, post):
            self.spoilt[id(optimizer)] = (post.sound, since)
            self.end()
            self.spoils()

    def settle(self, optimizers: Optimizers) -> None:
        """No step is to come: nobody will put back what the last one has done."""
        for key, post in self._posts.items():
            record = optimizers.records.get(key)
            last = post.since or (None if record is None else self._last(record, post))
            if last is not None:
                self.spoilt.setdefault(key, (post.sound, last))

    def _last(self, record: OptimizerRecord, post: _Post) -> int | None:
        """Return the last step of an optimizer, where something is not finite after that."""
        optimizer = record.optimizer()
        is_spoilt = optimizer is not None and not self._is_finite(optimizer, post)
        return record.steps if is_spoilt else None

    @staticmethod
    def _is_finite(optimizer: Optimizer, post: _Post) -> bool:
        groups = optimizer.param_groups
        held = parameters_in(groups[post.group]) if post.group < len(groups) else ()
        if post.place >= len(held):
            return True
        parameter = held[post.place]
        total = torch_inside.item(own_part(torch_inside.detach(parameter)).sum())
        if isinstance(total, float) and math.isfinite(total):
            return True  # this is quick, and only where values are huge says less than the next
        return bool(spread(parameter).isfinite().all())
