"""Watches what optimizers do to parameters, through torch's own step hooks, and answers whether
each parameter trains.

While calls are watched in full, every step is looked at. After that steps are counted, and looked
at ever more rarely, until each optimizer has made one and nothing is open about its parameters;
then the hooks are gone. Parameters are known by identity.
"""

import sys
import weakref
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from types import FrameType
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from gradviz.graph import NotFinite, Parameter, Place, Verdict
from gradviz.recording import torch_inside, where
from gradviz.recording.build import Names
from gradviz.recording.sharded import own_part
from gradviz.recording.uninterrupted import Action, Undo, as_one, is_own
from gradviz.recording.where import Spot
from gradviz.series.recorder import Step
from gradviz.training.hooks import StepHooks
from gradviz.training.looking import Glance, StepLook, callers
from gradviz.training.owners import Owners
from gradviz.training.sampling import Batch, has_values, spread
from gradviz.training.touches import Touches
from gradviz.training_facts import ConstantTerm, Evidence, Look, Stepper

_MOST_LOOKS = 8  # of one parameter that are kept


@dataclass(slots=True)
class _Stepped:
    """An optimizer. It is held weakly."""

    optimizer: weakref.ref[Optimizer]
    kind: str
    spot: Spot | None = None
    born: int | None = None
    steps: int = 0
    skipped: int = 0
    at_scaler: int = 0  # steps when a GradScaler last was done with it
    held: tuple[int, ...] = ()
    empty: int = 0  # groups

    def update(self) -> None:
        optimizer = self.optimizer()
        if optimizer is not None:
            self.empty = sum(not group["params"] for group in optimizer.param_groups)
            self.held = tuple(
                dict.fromkeys(
                    id(parameter)
                    for group in optimizer.param_groups
                    for parameter in group["params"]
                )
            )


@dataclass(slots=True)
class _Watched:
    """A parameter, as it was last looked at."""

    # Identity of the optimizer; touch; the line
    looks: list[tuple[int, Glance, Any, Spot | None]] = field(default_factory=list)
    moved: bool = False
    finite: bool = True
    drift: bool | None = None
    # Its spread when it was first looked at, as long as it has not moved
    sample: Tensor | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A backward call.

    Attributes:
        parameters: What the report says of each by name.
        asked: The parameters, by identity, that it was to give gradient to; None for all.
        place: The line that called it.
        terms: The constant terms of its loss.
        underivable: The operations that it cannot pass.
        births: Where the NaN and infinities in it were born.
        inspects: It is perhaps not meant to train: a model is in evaluation mode, or gradient goes
            to something beside parameters.
    """

    parameters: Mapping[str, Parameter]
    asked: frozenset[int] | None = None
    place: Place | None = None
    terms: tuple[ConstantTerm, ...] = ()
    underivable: tuple[ConstantTerm, ...] = ()
    births: tuple[NotFinite, ...] = ()
    inspects: bool = False


@dataclass(slots=True)
class _Step:
    """A step that has begun."""

    optimizer: int
    frame: int  # identity of the frame that runs it
    look: StepLook | None = None
    touches: dict[int, Any] = field(default_factory=dict)
    spot: Spot | None = None
    skips: bool = False


class StepWatch:
    """What the optimizers of one process, or of one trace, do to parameters."""

    def __init__(self) -> None:
        self.owners = Owners()
        self.touches = Touches()
        self.calls: list[Seen] = []
        self.off: list[Action] = []  # what leaves torch as it was, in C, once watching has begun
        self.changed = False  # something was seen since this was last set to False
        # Steps are looked at in full; else as once the calls that are watched are over
        self.looking = True
        self._recent: dict[int, Glance] = {}  # what steps did since somebody last asked
        self._optimizers: dict[int, _Stepped] = {}
        self._names: dict[int, str] = {}  # of optimizers
        self._parameters: dict[int, _Watched] = {}
        self._named: dict[int, str] = {}  # parameters by identity, as of the last call
        self._former: dict[int, str] = {}  # and of every call
        self._paths: dict[int, str] = {}  # modules by identity
        self._numels: dict[str, int] = {}
        self._roots: dict[str, Callable[[], Any]] = {}
        self._steps: list[_Step] = []
        self._pending: list[tuple[_Step, StepLook]] = []
        self._hooks: StepHooks | None = None
        self._full = False
        self._failed: Callable[[BaseException], None] | None = None

    # Beginning and end

    def begin(self, failed: Callable[[BaseException], None]) -> None:
        """Watch from here on; what goes wrong is told to ``failed``, and ends the watch."""
        self._failed = failed
        self._full = True
        hooks = self._hooks = StepHooks(
            self._guarded(self._before_step), self._guarded(self._after_step)
        )
        self.off += [*(hook.take_out for hook in self.owners.hooks), *hooks.take_out]
        self.owners.begin()
        as_one(hooks.put_in)()

    def rest(self) -> None:
        """The calls that are watched in full are over: go on as long as something is open."""
        self._full = False
        self.owners.end()
        self._end_if_settled()

    def end(self) -> None:
        """Watch no longer."""
        self._full = False
        self.owners.end()
        if self._hooks is not None:
            self._hooks.remove()
        self._hooks = None

    def _guarded(self, action: Callable[..., None]) -> Callable[..., None]:
        def guarded(*args: Any) -> None:
            try:
                with (
                    torch_inside.without_torch_function(),
                    Undo([partial(torch_inside.set_grad_enabled, torch.is_grad_enabled())]),
                ):
                    torch_inside.set_grad_enabled(False)
                    action(*args)
            except BaseException as error:
                self.end()
                if not is_own(error):
                    raise
                if self._failed is not None:
                    self._failed(error)

        return guarded

    # Optimizers

    @property
    def steps(self) -> int:
        """How many steps were seen."""
        return sum(stepped.steps for stepped in self._optimizers.values())

    @property
    def all_stepped(self) -> bool:
        """Whether every optimizer that is still there and holds something has made a step, or had
        one left out.
        """
        there = [
            stepped
            for stepped in self._optimizers.values()
            if stepped.optimizer() is not None and stepped.held
        ]
        return all(stepped.steps or stepped.skipped for stepped in there)

    def made(self, optimizer: Optimizer, frame: FrameType | None) -> None:
        """An optimizer was made at the line that a frame stands at."""
        stepped = self._stepped(optimizer)
        stepped.update()
        stepped.spot = _spot(frame)
        stepped.born = self.owners.moment()

    def name(self, optimizers: Mapping[str, Optimizer]) -> None:
        """Take note of what optimizers are called."""
        for name, optimizer in optimizers.items():
            self._stepped(optimizer).update()
            self._names[id(optimizer)] = name

    def _stepped(self, optimizer: Optimizer) -> _Stepped:
        known = self._optimizers.get(id(optimizer))
        if known is None or known.optimizer() is not optimizer:
            known = self._optimizers[id(optimizer)] = _Stepped(
                weakref.ref(optimizer), type(optimizer).__name__
            )
            self._names.pop(id(optimizer), None)
        return known

    def scaled(self, optimizer: Optimizer) -> None:
        """A GradScaler is done with the step of an optimizer: it made one, or it did not."""
        stepped = self._stepped(optimizer)
        if stepped.steps == stepped.at_scaler:
            stepped.skipped += 1
            self.changed = True
        stepped.at_scaler = stepped.steps

    def _before_step(self, optimizer: Optimizer, args: Any, kwargs: Any) -> None:
        frame, *outer = callers()
        while self._steps and self._steps[-1].frame not in outer:
            self._steps.pop()  # it raised
        if any(step.optimizer == id(optimizer) for step in self._steps):
            return  # its class calls that of its parent
        stepped = self._stepped(optimizer)
        stepped.update()
        step = _Step(id(optimizer), frame)
        self._steps.append(step)
        # Set by GradScaler where the step itself is to leave it out
        found = getattr(optimizer, "found_inf", None)
        step.skips = isinstance(found, Tensor) and bool(found)
        parameters = self._open(optimizer) if self._looks(stepped) and not step.skips else []
        if parameters:
            step.spot = _spot_here()
            step.look = StepLook(optimizer, parameters)
            closure = (len(args) > 1 and args[1] is not None) or kwargs.get("closure") is not None
            step.look.before(gradients=not closure)
            step.touches = {
                id(parameter): self.touches.take(id(parameter)) for parameter, _ in parameters
            }

    def _looks(self, stepped: _Stepped) -> bool:
        """Say whether the step to come is looked at: every one at first, ever fewer later."""
        return (
            (self._full and self.looking)
            or stepped.steps == 0
            or (stepped.steps + 1) & stepped.steps == 0
        )

    def _open(self, optimizer: Optimizer) -> list[tuple[Tensor, dict[str, Any]]]:
        """Return the parameters of which something may be learnt, with their groups."""
        pairs = {
            id(parameter): (parameter, group)
            for group in optimizer.param_groups
            for parameter in group["params"]
        }
        return [
            pair
            for key, pair in pairs.items()
            if self._full or not (key in self._parameters and self._parameters[key].moved)
        ]

    def _after_step(self, optimizer: Optimizer, args: Any, kwargs: Any) -> None:
        if not self._steps or self._steps[-1].frame != callers()[0]:
            return
        step = self._steps.pop()
        stepped = self._stepped(optimizer)
        if step.skips:
            stepped.skipped += 1
            stepped.at_scaler = stepped.steps = stepped.steps
            return
        stepped.steps += 1
        self.changed = True
        if step.look is not None:
            for parameter in step.touches:
                self.touches.take(parameter)  # what the step itself did to the gradient
            step.look.after()
            self._pending.append((step, step.look))
            if torch_inside.current_node() is None:
                self.settle()
        if not self._full:
            self._end_if_settled()

    def settle(self) -> None:
        """Read what is still on its way from the device."""
        pending, self._pending = self._pending, []
        for step, look in pending:
            for glance in look.read():
                self._take_in(step, glance)

    def _take_in(self, step: _Step, glance: Glance) -> None:
        known = self._parameters.setdefault(glance.key, _Watched())
        before, after = glance.sample, glance.after
        glance.sample = glance.after = torch.empty(0)
        if known.sample is not None and not known.moved and after.numel() >= known.sample.numel():
            known.drift = known.drift or bool((after[: known.sample.numel()] != known.sample).any())
        elif known.sample is None:
            known.sample = before.clone()
        known.moved = known.moved or (glance.moved > 0 and glance.finite)
        known.finite = glance.finite
        if known.moved:
            known.sample = None
        self._recent[glance.key] = glance
        known.looks.append((step.optimizer, glance, step.touches.get(glance.key), step.spot))
        del known.looks[1:-_MOST_LOOKS]

    def _end_if_settled(self) -> None:
        """Take the hooks away once every optimizer has made a step, and what had gradient in it has
        moved.
        """
        for stepped in self._optimizers.values():
            if stepped.optimizer() is not None and (
                stepped.steps == 0 or any(map(self._is_awaited, stepped.held))
            ):
                return
        self.end()

    def _is_awaited(self, key: int) -> bool:
        """Say whether a parameter was stepped with a gradient and has not moved.

        The learning rate may yet rise.
        """
        known = self._parameters.get(key)
        return (
            known is not None
            and not known.moved
            and bool(known.looks)
            and bool(known.looks[-1][1].gradient)
        )

    @property
    def terms(self) -> tuple[ConstantTerm, ...]:
        """The constant terms of all losses that were watched."""
        return tuple(dict.fromkeys(term for call in self.calls for term in call.terms))

    @property
    def inspects(self) -> bool:
        """Whether some call is perhaps not meant to train."""
        return any(call.inspects for call in self.calls)

    @property
    def underivable(self) -> tuple[ConstantTerm, ...]:
        """The operations that backward calls could not pass."""
        return tuple(dict.fromkeys(term for call in self.calls for term in call.underivable))

    # Backward calls

    def called(
        self,
        seen: Seen,
        known: Names,
        roots: Mapping[str, Any],
    ) -> None:
        """A backward call has ended.

        Args:
            seen: What it did.
            known: The names of parameters and modules.
            roots: The models by name.
        """
        self.settle()
        self.calls.append(seen)
        tensors = {
            name: tensor for name, tensor in known.tensors.items() if name in seen.parameters
        }
        self._named = {id(tensor): name for name, tensor in tensors.items()}
        self._former.update(
            {
                key: names[0]
                for key, names in known.parameters.items()
                if names[0] in seen.parameters
            }
        )
        self._paths = dict(known.modules)
        self._numels.update(
            {name: tensor.numel() for name, tensor in tensors.items() if has_values(tensor)}
        )
        self._roots = {
            name: weakref.ref(root) for name, root in roots.items() if isinstance(root, nn.Module)
        }
        self.changed = True
        self.compare(tensors.values())
        self.touches.arrived(tensors.values())

    def recent(self) -> dict[str, Step]:
        """Return what steps did to each parameter since this was last asked, by name."""
        self.settle()
        recent, self._recent = self._recent, {}
        return {
            self._named[key]: Step(ratio=glance.ratio, weight=glance.weight)
            for key, glance in recent.items()
            if key in self._named and glance.compared
        }

    def compare(self, tensors: Iterable[Tensor]) -> None:
        """See which of the parameters not known to have moved have changed since they were last
        looked at, by whatever hand.
        """
        with Undo([partial(torch_inside.set_grad_enabled, torch.is_grad_enabled())]):
            torch_inside.set_grad_enabled(False)
            chosen = [
                tensor
                for tensor in tensors
                if not self._parameters.setdefault(id(tensor), _Watched()).moved
                and has_values(own_part(tensor))
            ]
            for tensor, sample in zip(
                chosen, Batch([spread(tensor) for tensor in chosen]).read(), strict=True
            ):
                known = self._parameters[id(tensor)]
                if known.sample is None or known.sample.numel() < sample.numel():
                    known.sample = sample.clone()
                else:
                    known.drift = bool(known.drift) or bool(
                        (known.sample[: sample.numel()] != sample).any()
                    )
                known.finite = bool(sample.isfinite().all())

    def renamed(self, roots: Mapping[str, Any], known: Names) -> dict[str, Any]:
        """Return the models with what was in one of them and is no longer by the name it had.

        Where another stands there, without it.

        Args:
            roots: Models, and tensors that optimizers hold and no model has, by name.
            known: The names of all parameters, these tensors among them.
        """
        found: dict[str, Any] = {}
        for name, root in roots.items():
            before = None
            if isinstance(root, Tensor):
                first = known.parameters[id(root)][0]  # a whole parameter has the name of its shard
                before = first if first != name else self._name_before(id(root), known.modules)
            if before is None or before == name:
                found[name] = root
            else:
                self._former[id(root)] = before
                if not _successors(before, known.tensors):
                    found[before] = root
        return found

    def _name_before(self, key: int, paths: Mapping[int, str]) -> str | None:
        return self._former.get(key) or self.owners.name_of(key, paths)

    # Evidence

    def evidence(self, *, ended: bool = False) -> tuple[list[Evidence], list[Stepper]]:
        """Return what was seen of each parameter and of each optimizer."""
        self.settle()
        for stepped in self._optimizers.values():
            stepped.update()
        if ended:
            self._compare_at_the_end()
        now = {name: key for key, name in self._named.items()}
        stale = self._stale(now)
        steppers = [
            Stepper(
                name=self._name_of(key),
                kind=stepped.kind,
                steps=stepped.steps,
                skipped=stepped.skipped,
                held=tuple(self._named[one] for one in stepped.held if one in self._named),
                strangers=sum(one not in self._named for one in stepped.held),
                empty=stepped.empty,
                made=_place(stepped.spot),
                born=stepped.born,
            )
            for key, stepped in self._optimizers.items()
        ]
        order = dict.fromkeys(name for call in self.calls for name in call.parameters)
        return [self._of(name, now[name], stale) for name in order if name in now], steppers

    def _name_of(self, key: int) -> str:
        return self._names.get(key) or self._optimizers[key].kind

    def _stale(self, now: Mapping[str, int]) -> dict[str, tuple[int, str]]:
        """Return which parameter stands where what an optimizer holds stood.

        The identity of that, and the optimizer's name.
        """
        found: dict[str, tuple[int, str]] = {}
        for key, stepped in self._optimizers.items():
            for one in stepped.held:
                name = None if one in self._named else self._name_before(one, self._paths)
                for successor in () if name is None else _successors(name, now):
                    found.setdefault(successor, (one, self._name_of(key)))
        return found

    def _of(self, name: str, key: int, stale: Mapping[str, tuple[int, str]]) -> Evidence:
        known = self._parameters.get(key, _Watched())
        verdicts = [call.parameters[name] for call in self.calls if name in call.parameters]
        reaching = [
            call
            for call in self.calls
            if name in call.parameters and call.parameters[name].verdict is Verdict.REACHED
        ]
        left_out = reaching and all(
            call.asked is not None and key not in call.asked for call in reaching
        )
        looks = [
            Look(
                optimizer=self._name_of(optimizer),
                gradient=glance.gradient,
                norm=glance.norm,
                moved=glance.moved,
                compared=glance.compared,
                finite=glance.finite,
                ratio=glance.ratio,
                change=glance.change,
                holds=glance.holds,
                lr=glance.lr,
                touch=touch,
                place=_place(spot),
            )
            for optimizer, glance, touch, spot in known.looks
            if optimizer in self._optimizers
        ]
        births = [one for call in self.calls for one in call.births]
        old = stale.get(name)
        return Evidence(
            name=name,
            numel=self._numels.get(name, 0),
            verdicts=tuple(verdicts),
            left_out=reaching[-1].place if left_out else None,
            looks=tuple(looks),
            drift=True if known.moved else known.drift,
            finite=known.finite,
            replaced=old is not None,
            replaced_at=None if old is None else self.owners.replaced_at(key, old[0], self._paths),
            stale_in=None if old is None else old[1],
            born=self.owners.born(key),
            frozen_at=self.owners.frozen_at(key),
            birth=next(
                (one for one in births if name in one.parameters), births[0] if births else None
            ),
        )

    def _compare_at_the_end(self) -> None:
        """Look a last time at what has not moved yet and is still there."""
        there: dict[int, Tensor] = {}
        for reference in self._roots.values():
            root = reference()
            if root is not None:
                there.update({id(parameter): parameter for parameter in root.parameters()})
        for stepped in self._optimizers.values():
            optimizer = stepped.optimizer()
            if optimizer is not None:
                there.update(
                    {
                        id(parameter): parameter
                        for group in optimizer.param_groups
                        for parameter in group["params"]
                    }
                )
        with torch_inside.without_torch_function():
            self.compare(tensor for key, tensor in there.items() if key in self._named)


def _successors(name: str, now: Iterable[str]) -> list[str]:
    """Return which parameters stand where one of that name stood.

    Itself, or what a parametrization of it is made of.
    """
    if name in now:
        return [name]
    module, _, own = name.rpartition(".")
    parts = (
        (f"{module}.{own}_", f"{module}.parametrizations.{own}.")
        if module
        else (f"{own}_", f"parametrizations.{own}.")
    )
    return [other for other in now if other.startswith(parts)]


def _spot(frame: FrameType | None) -> Spot | None:
    return None if frame is None else Spot._make((*where.quick(frame)[:4], -1))


def _spot_here() -> Spot | None:
    return _spot(sys._getframe(2))


def _place(spot: Spot | None) -> Place | None:
    return None if spot is None else spot.calling_place or spot.place
