"""``gradviz.trace()``: watch a training step, then ask for the report."""

import sys
import threading
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import replace
from functools import partial
from itertools import chain
from types import FrameType
from typing import Any, Self

import torch
from torch import Tensor

from gradviz import causes
from gradviz.causes.raised import blamed
from gradviz.errors import LossError, TraceError
from gradviz.facts.constant_terms import find_constant_terms, held_of
from gradviz.facts.training import Training
from gradviz.judging.judge import judge
from gradviz.judging.model_names import Model, names_of
from gradviz.recording import seams, torch_inside
from gradviz.recording.calls.ancestry import brought_by
from gradviz.recording.calls.inputs import came_back
from gradviz.recording.mode import RecordingMode
from gradviz.recording.reading.switches import Switch
from gradviz.recording.recorder import described
from gradviz.recording.seams.watcher import Optimized, Watcher
from gradviz.recording.tape import Tape
from gradviz.recording.uninterrupted import end_blocks
from gradviz.reports import Report
from gradviz.system.undo import Action, Leaving, Undo, as_one
from gradviz.system.voice import advise
from gradviz.tracing.arguments import check_model, held
from gradviz.training.judging import judge as judge_training
from gradviz.training.seen import Seen
from gradviz.training.watch import StepWatch

_watching = threading.local()


def is_traced() -> bool:
    """Say whether a trace is on in this thread."""
    return getattr(_watching, "trace", None) is not None


Optimizers = torch.optim.Optimizer | Iterable[torch.optim.Optimizer] | None


class Trace:
    """Watches the torch calls of one thread between ``with`` and its end. See :func:`trace`.

    One that is given ``gives_way`` has that called where another is to begin, which ends it.
    """

    def __init__(
        self,
        training: StepWatch | None = None,
        *,
        values: bool = False,
        gives_way: Callable[[], None] | None = None,
    ) -> None:
        self._gives_way = gives_way
        self._tape = Tape()
        self._tape.values = values
        self._owns_training = training is None
        self._training = StepWatch() if training is None else training
        self._mode: RecordingMode | None = None
        self._undo = Undo()
        self._optimizers = Optimized(self._tape.tensors)
        self._thread: int | None = None
        self._state = "new"
        self._stops = False
        self._notes: list[str] = []

    def __enter__(self) -> Self:
        if self._state != "new":
            raise TraceError(
                "this trace was used before; each 'with gradviz.trace() as trace' needs a trace of"
                " its own"
            )
        outer: Trace | None = getattr(_watching, "trace", None)
        if outer is not None and outer._gives_way is not None:
            outer._gives_way()
        if getattr(_watching, "trace", None) is not None:
            raise TraceError(
                "a trace is running in this thread already; traces cannot be nested: end the outer"
                " one first"
            )
        if torch_inside.is_newer():
            # Not needed on a torch that it was tried on
            from gradviz.tracing import known_answers

            known_answers.check_once(Trace)
        causes.installed()  # packages are imported before anything is watched
        self._thread = threading.get_ident()
        self._state = "running"
        mode = self._mode = RecordingMode(self._tape, self._training.touches)
        self._tape.began = torch_inside.sequence_number()
        watcher = Watcher(mode, self._optimizers, self._training, [])
        steps = self._training.off if self._owns_training else []
        last: list[Action] = [
            partial(setattr, _watching, "trace", None),
            partial(self._ended, sys.exception()),
        ]
        self._undo.will(
            chain(torch_inside.taking_out(mode), seams.ending(watcher), steps, last),
            elsewhere=_refuse,
        )
        try:
            _watching.trace = self
            if self._owns_training:
                self._training.begin(self._stopped_watching)
            seams.begin(watcher)
            torch_inside.push(mode)
        except BaseException:
            self._undo.close()
            raise
        return self

    __exit__ = Leaving("_undo")

    def _ended(self, handled: BaseException | None) -> None:
        """Everything is as it was, and what is left to do may be interrupted.

        ``handled`` is what was handled as the trace began.
        """
        self._state = "ended"
        self._tape.close()
        if self._owns_training:
            self._training.end()
        mode, error = self._mode, sys.exception()
        if mode is None:
            return
        failure = mode.failure
        mode.end()
        if error is not None and error is not handled:
            end_blocks(error)
            as_one(torch_inside.taking_out(mode))()
            mode.leave_blocks()
        elif failure and not self._stops:
            advise(f"gradviz stopped watching this step, which ran on undisturbed ({failure})")

    @property
    def failure(self) -> str:
        """Why it stopped watching part of the way; empty where it did not."""
        return "" if self._mode is None else self._mode.failure

    def begins_off(self, switch: Switch) -> None:
        """Something had switched autograd off before this began."""
        if self._mode is not None:
            self._mode.switch = switch

    def goes_on(self, idle: frozenset[str]) -> None:
        """Something ran unwatched between this and what was watched before; ``idle`` are the names
        of parameters that nothing used before.
        """
        if self._mode is not None:
            self._mode.goes_on(idle)

    def stop(self) -> str:
        """End a trace that no ``with`` ends, whatever modes were entered since.

        Return why it stopped watching before, if it did.

        Raises:
            TraceError: It began in another thread.
        """
        self._stops = True
        self._undo.close()
        return "" if self._mode is None else self._mode.failure

    def report(
        self,
        loss: Any,
        model: Model | None = None,
        optimizer: Optimizers = None,
        *,
        backward: bool = False,
    ) -> Report:
        """Return the report on one loss, or on several together, with one for each in ``losses``.

        Args:
            loss: A tensor; a mapping of names to tensors for several, each with its own reach; or
                what a transformers model returns, whose ``.loss`` is taken. One that is not a
                scalar is taken as its sum.
            model: Whose parameters to report on; a dict of several by name, or of tensors. Without
                one, the report is of the graph alone.
            optimizer: Who steps them, to tell which are not optimized; optimizers built during the
                trace are known.
            backward: Run a backward to tell zero from reached, where none has run inside the trace.
                No ``.grad``, no buffer of the model and no random state is another one after it;
                but hooks, and the backwards of your own Functions, run once more.

        Raises:
            TraceError: The trace has not run or belongs to another thread.
            LossError: ``loss`` is nothing that backward() could start from.
            ModelError: ``model`` has no ``named_parameters()``.
        """
        if self._state == "new":
            raise TraceError(
                "this trace has seen nothing yet: run the step inside 'with gradviz.trace() as"
                " trace', then ask for the report"
            )
        if threading.get_ident() != self._thread:
            raise TraceError(
                "this trace belongs to another thread; ask for the report in the thread that ran"
                " the step"
            )
        numbers = self._numbers(loss, sys._getframe(1))
        optimized = self._known_optimizers(optimizer)
        report = _report(
            self._tape,
            loss,
            model,
            optimized,
            measure=backward,
            notes=self._remarks(),
            numbers=numbers,
        )
        return (
            replace(report, training=self._trained(report, model))
            if self._owns_training
            else report
        )

    def _numbers(self, loss: Any, frame: FrameType) -> dict[int, tuple[int, ...]]:
        """Return what the losses are made of that are plain numbers, by their identity."""
        if self._mode is None:
            return {}
        losses = loss.values() if isinstance(loss, Mapping) else (loss,)
        return {
            id(item): came_back(self._mode, (item,), frame)
            for item in losses
            if not isinstance(item, Tensor)
        }

    def _trained(self, report: Report, model: Model | None) -> Training | None:
        """Say what the steps made inside this trace did; None where there were none."""
        if not self._training.steps:
            return None
        names = names_of(model)
        roots = model if isinstance(model, Mapping) else {"": model}
        with torch_inside.without_torch_function():
            self._training.calls.clear()
            call = Seen(
                parameters=blamed(report.parameters, report.notes),
                terms=find_constant_terms(report.graph, held_of(report.parameters)),
                births=report.births,
            )
            self._training.called(call, names, roots)
            return judge_training(*self._training.evidence(), 1, terms=self._training.calls.terms)

    def _stopped_watching(self, error: BaseException) -> None:
        self._notes.append(
            f"gradviz stopped watching the optimizers ({described(error)}); what they did after"
            " that is not known."
        )

    def _remarks(self) -> tuple[str, ...]:
        remarks = list(self._notes)
        if self._mode is not None and self._mode.failure:
            remarks.append(
                f"gradviz stopped watching part of the way ({self._mode.failure}); cuts after that"
                " are not known, nor whether a parameter called unused was used."
            )
        return tuple(remarks)

    def _known_optimizers(self, optimizer: Optimizers) -> set[int] | None:
        return self._optimizers.held() if optimizer is None else held(optimizer)


def _refuse() -> None:
    raise TraceError("a trace ends in the thread it began in")


def trace(*, values: bool = False) -> Trace:
    """Watch one training step: which values autograd records, and which calls sever them.

    Return what watches from ``with`` on, and is asked for the report afterwards.

    Args:
        values: Measure in full how much gradient comes to each node and what it passes on:
            ``incoming`` and ``outgoing`` of the nodes of ``report.graph``. What is measured is the
            backward that runs inside the trace.

    Example:
        >>> import torch, gradviz
        >>> model = torch.nn.Linear(2, 1)
        >>> with gradviz.trace() as trace:
        ...     loss = model(torch.ones(1, 2)).sum()
        >>> report = trace.report(loss, model)
        >>> report.parameters["weight"].verdict.value
        'reached'

    The step computes what it computes untraced, bit for bit; this thread is watched, and those that
    it starts meanwhile; afterwards nothing is patched or hooked and nothing of the user's is kept
    alive.

    Raises:
        TraceError: On entering, where a trace is running in this thread already, or this one was
            used before.
    """
    return Trace(values=values)


def run_backward(trace: Trace, loss: Any) -> None:
    """Run the backward of a step that is gradviz's own, inside its trace, where the step has not
    run it itself.

    Of several losses each runs its own. What it raises is for the report to say.
    """
    tape = trace._tape
    try:
        losses = [
            item
            for item in _losses(loss, {}, summed=False)[0].values()
            if isinstance(item, Tensor) and item.requires_grad
        ]
    except LossError:
        return
    with torch_inside.without_torch_function():
        losses = [item for item in losses if brought_by(tape, tape.live(item)) is None]
    for number, item in enumerate(losses, 1):
        with suppress(Exception):
            torch.autograd.backward(
                item,
                None if item.numel() == 1 else torch.ones_like(item),
                retain_graph=number < len(losses),
            )


def report(
    loss: Any, model: Model | None = None, optimizer: Optimizers = None, *, backward: bool = False
) -> Report:
    """Return the report on a loss afterwards, without a trace: from its ``grad_fn`` alone.

    Reached and frozen are right, and zero with ``backward=True``, as in :meth:`Trace.report`. Only
    a trace can tell cut from unused: what is not reached has the verdict unused, for the reason
    ``unknown``, and the report says that it may be cut.

    Args:
        loss, model, optimizer, backward: As in :meth:`Trace.report`.

    Raises:
        LossError: ``loss`` is nothing that backward() could start from.
        ModelError: ``model`` has no ``named_parameters()``.
    """
    optimized = None if optimizer is None else held(optimizer)
    note = (
        "This report is from the loss alone. A trace (with gradviz.trace() as trace: ...) would add"
        " whether what is not reached was cut, and by which line."
    )
    return _report(Tape(), loss, model, optimized, measure=backward, notes=(note,))


def _report(
    tape: Tape,
    loss: Any,
    model: Model | None,
    optimized: set[int] | None,
    *,
    measure: bool,
    notes: tuple[str, ...],
    numbers: Mapping[int, tuple[int, ...]] | None = None,
) -> Report:
    check_model(model)
    losses, remarks = _losses(loss, numbers or {}, summed=measure)
    notes += remarks
    together = judge(tape, losses, model, optimized, measure=measure, notes=notes, numbers=numbers)
    if len(losses) == 1:
        return Report.of(together)
    single = {
        name: judge(tape, {name: item}, model, optimized, measure=measure, numbers=numbers)
        for name, item in losses.items()
    }
    return Report.of(replace(together, losses=single))


def _losses(
    loss: Any, numbers: Mapping[int, tuple[int, ...]], *, summed: bool
) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Return the losses by name, and what was made of what was given.

    ``summed`` where a backward is run here, of the sum where the loss is no scalar.
    """
    if isinstance(loss, Tensor):
        if loss.numel() != 1:
            needs = "its sum was taken" if summed else "backward() needs a gradient of that shape"
            return {"loss": loss}, (f"The loss is not a scalar but {tuple(loss.shape)}; {needs}.",)
        return {"loss": loss}, ()
    if numbers.get(id(loss)):
        return {"loss": loss}, (
            (
                "The loss is a plain number, no tensor: it left torch, and backward() cannot start"
                " from it."
            ),
        )
    kind = type(loss).__name__
    if hasattr(loss, "loss"):
        inner = loss.loss
        if isinstance(inner, Tensor):
            named, remarks = _losses(inner, numbers, summed=summed)
            return named, (f"The .loss of the {kind} was taken.", *remarks)
        what = (
            "None: was the model called without labels?"
            if inner is None
            else f"a {type(inner).__name__}, not a tensor"
        )
        raise LossError(f"the .loss of the {kind} is {what}")
    if isinstance(loss, Mapping):
        wrong = next(
            (
                f"{name!r} is a {type(item).__name__}"
                for name, item in loss.items()
                if not isinstance(item, Tensor)
            ),
            None,
        )
        if loss and all(
            isinstance(item, Tensor) or numbers.get(id(item)) for item in loss.values()
        ):
            return {str(name): item for name, item in loss.items()}, ()
        raise LossError(f"the losses are to be tensors by name, but {wrong or 'there are none'}")
    if loss is None:
        raise LossError("the loss is None, not a tensor (did the step return it?)")
    if isinstance(loss, (float, int)):
        raise LossError(
            f"the loss is the plain number {loss!r}, not a tensor, and a number has no history: "
            "give the tensor it was taken from (without .item() or float())"
        )
    hint = (
        ": give the one tensor that backward() starts from, or a dict of several by name"
        if isinstance(loss, (tuple, list))
        else " (a step returns the loss, or the loss and the model)"
    )
    raise LossError(f"the loss is a {kind}, not a tensor{hint}")
