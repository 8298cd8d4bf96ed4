"""How the values of parameters change, from one look at them to the next, by whatever hand.

Parameters are known by identity. Of their values only an even spread is kept, and only as long as
something about them is open.
"""

import hashlib
import math
from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial

import torch
from torch import Tensor

from gradviz.facts.evidence import Touch
from gradviz.recording import torch_inside
from gradviz.recording.reading.where import Spot
from gradviz.system.undo import Undo
from gradviz.training.hand_writes import HandWrites
from gradviz.training.looking import Glance
from gradviz.training.sampling import Batch, has_values, spread

_MOST_LOOKS = 8  # of one parameter that are kept
_ROUNDINGS = 8.0  # of a value or a step: what two steps that undo each other may leave
_FARTHER = 64.0  # times the precision of a type: from there on a step is more than rounding
_TYPES = (torch.float32, torch.float64)
_RETURNS = 2  # backward calls that find a parameter as it was at first, before that is a rule


@dataclass(frozen=True, slots=True)
class StepSight:
    """One parameter in one step.

    Attributes:
        optimizer: Identity of it.
        glance: What was measured.
        touch: What changed the gradient since it arrived.
        spot: The line that stepped.
        calls: How many backward calls came before.
        written: The line in the step that wrote into the parameter, where that is no optimizer of
            torch's; None where none was seen.
        wrote: The line of an optimizer's own step that wrote into the parameter last, or into a
            copy of it where none did, and whether another had written before; None
            where none was seen.
        follows: The last of these calls came just before it; else there were others unseen.
    """

    optimizer: int
    glance: Glance
    touch: Touch | None
    spot: Spot | None
    calls: int = 0
    written: Spot | None = None
    wrote: tuple[Spot, bool] | None = None
    follows: bool = True


@dataclass(slots=True)
class History:
    """One parameter, as it was looked at.

    Attributes:
        sights: Its steps.
        moved: A step changed it, to something finite.
        by_gradient: And it had gradient then.
        drift: It changed between two looks, by whatever hand; None where two were not taken.
        by_hand: It changed between two looks, and no step that was looked at lies between them.
        is_back: It changed so, and the last look found it as it was at first.
        finite: It was finite when it was last looked at, but for what was infinite from the first.
        infinite: Which elements of a sample those are; None where none are.
        is_begun: It was looked at.
        overflow: The step that made it so; None where no step did, or it is finite again.
        stays_so: It was found not finite twice in a row: nobody has put it back meanwhile.
        came_spoilt: It was not finite before a backward call.
        thawed: It requires grad and has some, as it was last looked at.
        first: Its spread when it was first looked at; None where nothing is open any more.
        visible: A step changed what ``first`` shows.
        returns: Backward calls after that which found it as it was at first.
        departs: One of them, or the beginning of a step, found it elsewhere.
        stays: The first backward call after a step found it elsewhere.
        waits: No backward call has looked at what the last step did.
        rested: It had not changed when the calls that are watched were over.
        all_zero: It was zero before every step that was looked at; None where none was.
        began: A digest of ``first``, which outlives it; None before that.
        as_began: The last look found it as it began, though steps moved it.
    """

    sights: list[StepSight] = field(default_factory=list)
    moved: bool = False
    by_gradient: bool = False
    drift: bool | None = None
    by_hand: bool = False
    is_back: bool = False
    finite: bool = True
    infinite: Tensor | None = None
    is_begun: bool = False
    overflow: StepSight | None = None
    stays_so: bool = False
    came_spoilt: bool = False
    thawed: bool = False
    first: Tensor | None = None
    visible: bool = False
    returns: int = 0
    departs: bool = False
    stays: bool = False
    waits: bool = False
    rested: bool = False
    all_zero: bool | None = None
    began: bytes | None = None
    as_began: bool = False

    @property
    def is_settled(self) -> bool:
        """It is known to train: no later look can say otherwise."""
        return (self.by_gradient or self.is_by_hand) and not self.is_put_back and self.finite

    @property
    def is_by_hand(self) -> bool:
        """It changed by hand, and is not as it was at first again."""
        return self.by_hand and not self.is_back

    @property
    def changed(self) -> bool | None:
        """It is another than at first; None where that does not answer whether it is meant to be:
        what was tried by hand was put back, or two looks were not taken.
        """
        return self.moved or (None if self.is_back else self.drift)

    @property
    def is_put_back(self) -> bool:
        """What each step did to it is undone before the next backward. What is moved by hand for a
        second backward, and put back with the step, is seen by its end as well.
        """
        is_back = self.as_began and self.returns > 0 and not self.stays
        return is_back or (self.returns >= _RETURNS and not self.departs)

    def is_away(self, sample: Tensor) -> bool:
        """Say whether a sample is another than at first, by more than the rounding of steps that
        move it much farther and are undone.
        """
        if self.first is None or not _differ(self.first, sample):
            return False
        glances = [sight.glance for sight in self.sights]
        ratio = max((glance.ratio or 0.0 for glance in glances), default=0.0)
        eps = torch.finfo(sample.dtype).eps if sample.dtype in _TYPES else 1.0
        if ratio < _FARTHER * eps:
            return True
        change = max((glance.change or 0.0 for glance in glances), default=0.0)
        most = min(self.first.numel(), sample.numel())
        apart = (self.first[:most] - sample[:most]).abs()
        bound = self.first[:most].abs() + (change if math.isfinite(change) else 0.0)
        return bool((apart > _ROUNDINGS * eps * bound).any())

    def is_sound(self, sample: Tensor) -> bool:
        """Say whether all of a sample is finite, but for what was infinite at the first look."""
        sound = sample.isfinite()
        if self.infinite is not None:
            most = min(len(self.infinite), len(sound))
            sound[:most] |= self.infinite[:most] & sample[:most].isinf()
        return bool(sound.all())

    def look_first(self, sample: Tensor) -> None:
        """Take note of the infinities that a parameter begins with, where it has finite values too:
        a mask may be a parameter, and stays as it is.
        """
        if not self.is_begun:
            infinite = sample.isinf()
            if bool(infinite.any()) and bool(sample.isfinite().any()):
                self.infinite = infinite
            self.is_begun = True

    def look(self, *, finite: bool) -> None:
        """Take note of whether it is finite."""
        self.stays_so = not finite and (self.stays_so or not self.finite)
        self.finite = finite
        self.overflow = None if finite else self.overflow


class Moves:
    """The histories of all parameters that were looked at, by identity."""

    def __init__(self) -> None:
        self.histories: dict[int, History] = {}

    def of(self, key: int) -> History:
        """Return the history of a parameter; an empty one where it was never looked at."""
        return self.histories.get(key) or History()

    def keep(self, alive: Container[int]) -> None:
        """Forget all parameters but these, given by identity: others may get that of one gone."""
        self.histories = {key: own for key, own in self.histories.items() if key in alive}

    def forget(self, gone: Iterable[int]) -> None:
        """Forget some parameters, given by identity."""
        for key in gone:
            self.histories.pop(key, None)

    def follow(self, followers: Mapping[int, int]) -> None:
        """Let the history of a tensor go on with the one that follows it, both by identity."""
        moved = {
            key: self.histories.pop(old) for key, old in followers.items() if old in self.histories
        }
        self.histories.update(moved)

    def renumber(self, optimizer: int, number: int) -> None:
        """Let the steps of an optimizer be those of a number: another may get its identity."""
        for history in self.histories.values():
            history.sights = [
                replace(sight, optimizer=number) if sight.optimizer == optimizer else sight
                for sight in history.sights
            ]

    @property
    def in_doubt(self) -> bool:
        """Whether something was not finite when it was last looked at, and may be put back."""
        return any(
            not history.finite and not history.stays_so for history in self.histories.values()
        )

    def look_for_returns(self, parameters: Iterable[Tensor], writes: HandWrites) -> None:
        """See which parameters are what they were before each change by hand."""
        for parameter in parameters:
            history = self.of(id(parameter))
            if history.by_hand and not history.sights and writes.is_put_back(parameter):
                history.by_hand = history.drift = False

    def is_open(self, key: int) -> bool:
        """Say whether a later look may tell more of a parameter than is known."""
        return not self.of(key).is_settled

    def overflow(self) -> StepSight | None:
        """Return the first step that made something so that it is not finite, and has stayed so."""
        steps = [history.overflow for history in self.histories.values() if history.overflow]
        return min(steps, key=lambda sight: sight.calls, default=None)

    def stepped(self, sight: StepSight) -> None:
        """Take in what a step did to a parameter."""
        glance = sight.glance
        history = self.histories.setdefault(glance.key, History())
        before, after = glance.sample[: glance.spread], glance.after[: glance.spread]
        history.look_first(before)
        history.look(finite=history.is_sound(before))
        if history.infinite is not None:
            glance.finite = history.is_sound(after)
        history.all_zero = history.all_zero is not False and not bool(before.any())
        glance.sample = glance.after = torch.empty(0)
        if history.first is None and not history.is_settled:
            history.first = before.clone()
        elif history.first is not None and not history.moved:
            history.drift = bool(history.drift) or _differ(history.first, after)
        # Of several optimizers, the others begin where the first has left it
        is_first = bool(history.sights) and history.sights[0].optimizer == sight.optimizer
        if is_first and history.first is not None and history.is_away(before):
            history.departs = history.departs or history.moved
        history.visible = history.visible or _differ(before, after)
        history.waits = True
        if glance.moved > 0 and glance.finite:
            history.moved = True
            history.by_gradient = history.by_gradient or bool(glance.gradient)
        if glance.finite or history.finite:
            history.look(finite=glance.finite)
        if glance.overflow is not None:
            history.overflow = sight
        history.sights.append(sight)
        # Of those between the first and the last few, the last that found a gradient tells the most
        between = history.sights[1:-_MOST_LOOKS]
        history.sights[1:-_MOST_LOOKS] = [own for own in between if own.glance.gradient][-1:]

    def compare(
        self,
        tensors: Iterable[Tensor],
        *,
        at_backward: bool = False,
        after_step: bool = False,
    ) -> None:
        """Look at parameters: whether they have changed since they were first looked at, and are
        finite.

        Args:
            tensors: The parameters.
            at_backward: A backward call has just ended, so that a step before it is undone by now
                where it is to be undone at all.
            after_step: A step has just ended, so that nothing can be undone yet.
        """
        with Undo([partial(torch_inside.set_grad_enabled, torch.is_grad_enabled())]):
            torch_inside.set_grad_enabled(False)
            chosen = [tensor for tensor in tensors if has_values(tensor)]
            pieces = Batch([spread(tensor) for tensor in chosen]).read()
            for tensor, sample in zip(chosen, pieces, strict=True):
                history = self.histories.setdefault(id(tensor), History())
                history.look_first(sample)
                history.as_began = history.moved and history.began == _digest(sample)
                if not after_step:  # which nobody can have put back yet
                    is_sound = history.is_sound(sample)
                    history.came_spoilt |= at_backward and not is_sound
                    history.look(finite=is_sound)
                history.thawed = tensor.requires_grad and tensor.grad is not None
                if not (after_step and history.moved):
                    self._compare(history, sample, at_backward=at_backward)

    def rest(self) -> None:
        """Keep of what is settled no values any more."""
        for history in self.histories.values():
            history.rested = history.drift is False
            if history.began is None and history.first is not None:
                history.began = _digest(history.first)
            # What was moved by hand may yet be put back
            if history.is_settled and history.moved:
                history.first = None

    @staticmethod
    def _compare(history: History, sample: Tensor, *, at_backward: bool) -> None:
        if history.first is None:
            history.first = None if history.is_settled else sample.clone()
            return
        if history.first.numel() < sample.numel() and not history.moved:
            history.first = sample.clone()
            return
        differs = history.is_away(sample) if history.moved else _differ(history.first, sample)
        if not history.moved:
            history.by_hand = history.by_hand or (differs and not history.sights)
            history.drift = bool(history.drift) or differs
            is_fed = any(sight.glance.gradient for sight in history.sights)
            history.is_back = bool(history.drift) and not is_fed and not differs
        elif differs and at_backward:  # else the next step's beginning tells whether it stays so
            history.departs = True
            history.stays = history.stays or history.waits
        elif at_backward and history.visible:
            history.returns += 1
        history.waits = history.waits and not at_backward


def _digest(sample: Tensor) -> bytes:
    return hashlib.blake2b(sample.contiguous().view(torch.uint8).numpy().tobytes()).digest()


def _differ(first: Tensor, later: Tensor) -> bool:
    """Say whether any element that both show is another."""
    most = min(first.numel(), later.numel())
    return bool((first[:most] != later[:most]).any())
