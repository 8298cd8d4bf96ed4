"""Reads a backward call, as it has just ended, as plain data."""

import math
import weakref
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from types import FrameType
from typing import Any

import torch
from torch import Tensor
from torch.optim import Optimizer

from gradviz.causes.raised import blamed
from gradviz.facts.blocks import taken_together
from gradviz.facts.calls import CallKind
from gradviz.facts.constant_terms import find_constant_terms, find_underivable, held_of
from gradviz.facts.parameters import Parameters
from gradviz.graph import Cut, CutKind, Edge, Graph, NodeKind, Parameter, Verdict
from gradviz.judging.judge import judge
from gradviz.judging.model_names import Names, names_of
from gradviz.recording import torch_inside
from gradviz.recording.arithmetic import sizes
from gradviz.recording.reading import where
from gradviz.recording.recorder import described
from gradviz.recording.seams.watcher import held_by
from gradviz.recording.tape import Tape
from gradviz.reports import Report
from gradviz.running import names, ranks
from gradviz.running.assignments import assigned_anew
from gradviz.running.calls import BackwardCall
from gradviz.running.names import Found
from gradviz.running.successors import successors
from gradviz.series.recorder import SeriesRecorder, zeros_of
from gradviz.tracing.trace import Trace
from gradviz.training.heirs import find_copies, find_heirs, find_rebound
from gradviz.training.last_layer import last_layer
from gradviz.training.optimizers import parameters_of
from gradviz.training.seen import Seen
from gradviz.training.watch import StepWatch

_UNTRACED = "It ran in a thread that is not traced: cut cannot be told from unused."
Find = Callable[[FrameType | None], names.Found | None]


@dataclass(frozen=True, slots=True)
class Ended:
    """A call of backward, or of ``torch.autograd.grad``, that has just ended.

    Attributes:
        kind, number: As in :class:`gradviz.running.calls.BackwardCall`.
        frame: That called it.
        losses: What it began from.
        asked: What it was to give gradient to; empty for all.
        error: What it raised.
    """

    kind: CallKind
    number: int
    frame: FrameType
    losses: tuple[Tensor, ...]
    asked: tuple[Tensor, ...]
    error: Exception | None


class CallReader:
    """Reads calls, and takes what they show of training and of the series where these belong.

    Args:
        training: What optimizers do.
        record: The series of numbers; None where nobody asked.
        find: Returns what is trained, as seen from a frame; None where what was to be watched is
            over. Unless given, it is looked for.
    """

    def __init__(
        self, training: StepWatch, record: SeriesRecorder | None, find: Find | None = None
    ) -> None:
        self._find = find
        self._training = training
        self._record = record
        self._optimizers: dict[str, weakref.ref[Optimizer]] = {}
        self._plain = 0  # calls of torch.autograd.grad for what is no parameter
        self._models: Seen | None = None  # as they were found where no backward call tells of them

    def _scene(self, frame: FrameType | None) -> names.Found | None:
        """Return what is trained; None where what was to be watched is over."""
        live = names.find(frame) if self._find is None else self._find(frame)
        return live and replace(live, optimizers=self._training.named(live.optimizers))

    def optimizers(self, wanted: Optimizer, frame: FrameType) -> dict[str, Optimizer]:
        """Return every optimizer by name, as the last call found them, or as they are found now
        where that did not find the one wanted.
        """
        optimizers = {
            name: optimizer
            for name, reference in self._optimizers.items()
            if (optimizer := reference()) is not None
        }
        if any(optimizer is wanted for optimizer in optimizers.values()):
            return optimizers
        scene = self._scene(frame)
        return {} if scene is None else dict(scene.optimizers)

    def read(self, ended: Ended, trace: Trace | None) -> BackwardCall | None:
        """Return a call, None where what was to be watched is over.

        Args:
            ended: The call.
            trace: What has watched its thread; None where nothing has.
        """
        scene = self._scene(ended.frame)
        if scene is None:
            return None
        scene, own_names = self._renamed(scene, ended.frame)
        code, lasti, caller, caller_lasti, _ = where.quick(ended.frame)
        report = relevant(self._report(ended, scene, trace), scene)
        report = replace(report, place=None if code is None else where.place(code, lasti))
        self._optimizers = {name: weakref.ref(live) for name, live in scene.optimizers.items()}
        self._training.called(_for_training(report, ended, scene), own_names, scene.roots)
        if ended.kind is CallKind.BACKWARD:
            self._training.touches.beside.called(scene.beside, report.unregistered, scene.roots)
        if self._record is not None and ended.kind is CallKind.BACKWARD:
            self._record.take(
                ended.number, report.parameters, zeros_of(report.graph), value_of(ended.losses)
            )
        return BackwardCall(
            number=ended.number,
            kind=ended.kind,
            report=report,
            place=report.place,
            caller=None if caller is None else where.place(caller, caller_lasti),
            failed="" if ended.error is None else described(ended.error),
            names={
                key: own[0]
                for key, own in own_names.parameters.items()
                if own[0] in report.parameters
            },
            roots=tuple(scene.roots),
            watched=trace is not None,
            when=scene.when,
            waits=ranks.waits(),
        )

    def read_held(self, frame: FrameType) -> None:
        """Take what optimizers hold for what is trained, where no backward call tells.

        Of each it is not known whether its value went into a loss.
        """
        scene = self._scene(frame)
        if scene is None:
            return
        scene, own_names = self._renamed(scene, frame)
        held = {id(part) for own in scene.optimizers.values() for part in parameters_of(own)}
        tensors = {name: own for name, own in own_names.tensors.items() if id(own) in held}
        self._training.called(_unclear(tensors), own_names, scene.roots)

    def read_models(self, frame: FrameType) -> None:
        """Look at the models that are there, or the tensors where there are none and no optimizer,
        where no backward call tells what is trained.
        """
        if self._models is None or self._models.plain:
            scene = self._scene(frame)
            if scene is None:
                return
            scene, own_names = self._renamed(scene, frame)
            self._models = replace(_unclear(own_names.tensors), plain=_is_plain(scene))
            tensors = self._training.identities.take(
                self._models.parameters, own_names, scene.roots
            )
            self._training.touches.hold(tensors)
            self._training.look_at(tensors)
        self._training.look_again()

    def read_plain(self, inputs: Sequence[Tensor], frame: FrameType, calls: int) -> None:
        """``torch.autograd.grad`` was called for tensors that are no parameters: look at what is
        there, ever more rarely, where nothing made them and there were no backward ``calls``.
        """
        if not calls and any(tensor.is_leaf for tensor in inputs):
            self._plain += 1
            if self._plain & (self._plain - 1) == 0:
                self.read_models(frame)

    def take_moved_by_hand(self) -> None:
        """Take these models for what was trained where nothing else was, and one of their
        parameters has changed.
        """
        calls = self._training.calls
        if self._models is None or calls:
            return
        calls.append(self._models)
        evidence, _ = self._training.evidence(ended=True)
        if not any(parameter.drift for parameter in evidence):
            calls.clear()

    def _renamed(self, scene: names.Found, frame: FrameType) -> tuple[names.Found, Names]:
        """Return what was found, by the names of before, and the names of all parameters."""
        own_names = names_of(scene.roots)
        followers = successors(scene.roots, own_names, scene.optimizers)
        for optimizer, name, pairs, is_alike in followers:
            made = self._training.optimizers.record(optimizer).spot
            place = assigned_anew(name, scene.roots[name], frame, made)
            if is_alike or place is not None:  # else the two may have nothing to do with each other
                self._training.identities.replaced(pairs, place, own_names.modules)
        called = partial(names.name_of, frame=frame)
        roots = self._training.identities.renamed(scene.roots, own_names, called)
        if roots.keys() == scene.roots.keys():
            return scene, own_names
        named = scene.named | (roots.keys() - scene.roots.keys())
        return replace(scene, roots=roots, named=named), names_of(roots)

    def _report(self, ended: Ended, scene: names.Found, trace: Trace | None) -> Report:
        losses = _by_name(ended.losses, ended.frame)
        optimizers = list(scene.optimizers.values())
        if not losses:
            report = Report(notes=("It began from no tensor.",))
        elif trace is not None:
            report = trace.report(losses, dict(scene.roots), optimizers)
        else:
            held = held_by(optimizers)
            report = Report.of(
                judge(Tape(), losses, scene.roots, held, measure=False, notes=(_UNTRACED,))
            )
        return replace(report, losses={}, loss=" + ".join(losses) or "loss")


def _by_name(losses: Sequence[Tensor], frame: FrameType) -> dict[str, Tensor]:
    """Return losses by what the script calls them."""
    named = {
        names.name_of(loss, frame) or ("loss" if len(losses) == 1 else f"loss {place}"): loss
        for place, loss in enumerate(losses, 1)
    }
    if len(named) < len(losses):
        return {f"loss {place}": loss for place, loss in enumerate(losses, 1)}
    return named


def _unclear(tensors: Mapping[str, Tensor]) -> Seen:
    """Return parameters of which it is not known whether their values went into a loss."""
    return Seen(
        parameters={
            name: Parameter(name=name, numel=tensor.numel(), uncertain=True)
            for name, tensor in tensors.items()
        }
    )


def _for_training(report: Report, ended: Ended, scene: names.Found) -> Seen:
    value = value_of(ended.losses)
    return Seen(
        parameters=blamed(report.parameters, report.notes),
        asked=frozenset(map(id, ended.asked)) or None,
        place=report.place,
        returns=ended.kind is CallKind.GRAD,
        terms=find_constant_terms(report.graph, held_of(report.parameters)),
        underivable=find_underivable(report.graph),
        births=report.births,
        copies=find_copies(report.graph),
        heirs=find_heirs(report.graph),
        rebound=find_rebound(report.graph),
        leaves=report.unregistered,
        is_finite=_is_finite(value),
        is_zero=value == 0,
        last_layer=_meant(last_layer(report.graph), scene.roots),
        inspects=bool(report.unregistered)
        or not all(_is_training(root) for root in scene.roots.values()),
        plain=_is_plain(scene),
    )


def _is_plain(scene: names.Found) -> bool:
    """Say whether all that was found are tensors which are no parameters, and no optimizer."""
    roots = scene.roots.values()
    return bool(roots) and not scene.optimizers and all(type(root) is Tensor for root in roots)


def _meant(layer: frozenset[str], roots: Mapping[str, Any]) -> frozenset[str]:
    """Return the parameters of a layer that is registered in its model and in training mode; none
    of any other, which may be a judge and no head.
    """
    path = next(iter(layer), "").rpartition(".")[0]
    root = next((name for name in roots if path == name or path.startswith(f"{name}.")), path)
    module = roots.get(root)
    for part in path[len(root) + 1 :].split("."):
        if isinstance(module, torch.nn.Module) and part:
            module = torch_inside.children_of(module).get(part)
    is_registered = isinstance(module, torch.nn.Module)
    return layer if is_registered and _is_training(module) else frozenset()


def _is_training(root: Any) -> bool:
    return not isinstance(root, torch.nn.Module) or root.__dict__.get("training") is not False


def _is_finite(value: float | None) -> bool:
    """Say whether the losses that a backward began from are finite, as far as they can be read."""
    return value is None or math.isfinite(value)


# What the series of a run takes from a watched call, beside the report.


def value_of(losses: Sequence[Tensor]) -> float | None:
    """Return the value of the losses that a backward began from, added up.

    None where it cannot be read.
    """
    parts = [sizes.unseen(sizes.plain, loss) for loss in losses]
    counted = [part for part in parts if part is not None]
    return (
        sum(float(sizes.unseen(part.sum)) for part in counted)
        if counted and len(counted) == len(parts)
        else None
    )


# What of a report matters where a whole script was watched, and not one step of it.


_COPIES = frozenset((CutKind.DEEPCOPY, CutKind.COPY_UNDER_NO_GRAD))


def relevant(report: Report, scene: Found) -> Report:
    """Return a report without copies of what is trained all the same, and without models that
    nothing leads to and that have no part in the call.
    """
    used = _used_elsewhere(report.graph)
    copies = {
        cut for number, cut in enumerate(report.cuts) if cut.kind in _COPIES or number not in used
    }

    def lasting(parameter: Parameter) -> tuple[Cut, ...]:
        others = tuple(cut for cut in parameter.cuts if cut not in copies)
        return parameter.cuts if parameter.verdict is Verdict.CUT and not others else others

    cuts_of = {parameter.name: lasting(parameter) for parameter in _belonging(report, scene)}
    named = {cut for cuts in cuts_of.values() for cut in cuts}
    kept = [cut for cut in report.cuts if cut in named or cut not in copies]
    by_block = taken_together(kept)
    blocks = list(dict.fromkeys(by_block[cut] for cut in kept))
    position = {
        number: blocks.index(by_block[cut])
        for number, cut in enumerate(report.cuts)
        if cut in by_block
    }
    edges = tuple(
        edge if edge.cut is None else replace(edge, cut=position.get(edge.cut))
        for edge in report.graph.edges
    )

    parameters = [
        replace(parameter, cuts=cuts, partial=parameter.partial and bool(cuts))
        for parameter in report.parameters.values()
        if parameter.name in cuts_of
        for cuts in [tuple(dict.fromkeys(by_block[cut] for cut in cuts_of[parameter.name]))]
    ]
    return replace(
        report,
        parameters=Parameters(tuple(parameters)),
        cuts=tuple(blocks),
        graph=replace(report.graph, edges=edges),
    )


def _used_elsewhere(graph: Graph) -> set[int]:
    """Return the cuts whose values go into the loss by some way that does not lead through a
    parameter they were written into.
    """

    def is_of_step(edge: Edge) -> bool:
        source = graph.nodes[edge.source]
        return source.kind is not NodeKind.PARAMETER and not source.into

    used = graph.before([0], through=is_of_step)
    return {edge.cut for edge in graph.edges if edge.cut is not None and edge.target in used}


def _belonging(report: Report, scene: Found) -> Iterator[Parameter]:
    by_root: dict[str, list[Parameter]] = {}
    roots = iter(scene.roots)
    root: str | None = None
    for parameter in report.parameters.values():  # in the order of the roots
        while root is None or not (
            parameter.name == root or not root or parameter.name.startswith(f"{root}.")
        ):
            root = next(roots, "")
        by_root.setdefault(root, []).append(parameter)
    for name, own in by_root.items():
        if name in scene.named or any(
            parameter.optimized or parameter.verdict not in (Verdict.UNUSED, Verdict.FROZEN)
            for parameter in own
        ):
            yield from own
