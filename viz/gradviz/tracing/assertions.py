"""What a test says of a step.

Which parameters are meant to train, and what the shape of its graph is. Needs no pytest.

With the pytest plugin a failure attaches the page that shows it, and ``--gradviz-update`` writes
the shapes anew.
"""

import difflib
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gradviz.errors import GradvizError
from gradviz.expecting.expectations import Expectations, Patterns, expect, violations
from gradviz.render.files import write
from gradviz.render.shape import graph_shape, module_shape
from gradviz.render.violations import render_violations

if TYPE_CHECKING:
    from gradviz.judging.model_names import Model
    from gradviz.reports import Report
    from gradviz.tracing.trace import Optimizers, Trace


class UnexpectedGradientsError(AssertionError):
    """A step does not give the gradients that a test expects. Its text is the explanation.

    Attributes:
        report: What was found.
    """

    def __init__(self, text: str, report: "Report") -> None:
        super().__init__(text)
        self.report = report


# Where it is found, and what a test runner has room for
UnexpectedGradientsError.__module__ = "gradviz"


def assert_gradients(
    loss: Any,
    model: "Model | None" = None,
    *,
    reached: Patterns = None,
    frozen: Patterns = None,
    cut: Patterns = None,
    unused: Patterns = None,
    zero: Patterns = None,
    partial: Patterns = None,
    trains: Patterns = None,
    rest: str = "reached",
    optimizer: "Optimizers" = None,
    trace: "Trace | None" = None,
) -> "Report":
    """Hold which parameters get gradient from a loss, and explain it where it is not as said.

    Patterns are those of ``fnmatch``, one or a list; one that begins with ``!`` leaves out what the
    others match, and the variable of a script's model may be left out. A list that is given for
    frozen, cut, unused, zero or partial is complete, so ``cut=[]`` says that nothing is. A pattern
    that matches nothing fails as well.

    Args:
        loss: A step to trace (a function that returns the loss, or the loss and the model), a
            report, or a loss. A loss alone, without the trace that saw it come about, cannot tell
            cut from unused, nor name a line.
        model: Whose parameters are meant.
        reached, frozen, cut, unused, zero: Which parameters are meant to have that verdict.
        partial: Which are meant to be severed on one route and alive on another; None lets all be.
        trains: Which are meant to move in a step that an optimizer makes while it is watched; None
            where that does not matter.
        rest: What becomes of parameters that are not mentioned: ``"reached"``, or ``"any"`` where
            it does not matter.
        optimizer: Who steps the parameters, for the report.
        trace: The trace that saw the loss come about.

    Returns:
        The report, to ask further.

    Raises:
        UnexpectedGradientsError: An ``AssertionError`` that explains, with file, line and code.
        ExpectationError: Two words claim one parameter, a pattern is none, or there are no
            parameters to hold.
    """
    __tracebackhide__ = True
    expectations = expect(
        reached=reached,
        frozen=frozen,
        cut=cut,
        unused=unused,
        zero=zero,
        partial=partial,
        trains=trains,
        rest=rest,
    )
    report, traced = _judged(loss, model, optimizer, trace)
    hold(report, expectations, traced=traced)
    return report


def assert_trains(
    step: Any,
    patterns: Patterns = "*",
    model: "Model | None" = None,
    *,
    optimizer: "Optimizers" = None,
) -> "Report":
    """Hold that a step trains parameters.

    Gradient reaches them, an optimizer that holds them steps with it, and their values change.

    Args:
        step: A function that runs forward, backward and the optimizer's step, and returns the loss,
            or the loss and the model; or a report.
        patterns: Of the parameters that are meant to train, as in :func:`assert_gradients`.
        model: Whose parameters are meant.
        optimizer: Who steps them, for the report.

    Returns:
        The report, to ask further.

    Raises:
        UnexpectedGradientsError: An ``AssertionError`` that says of each that does not train why,
            and the line.
        ExpectationError: No optimizer stepped, or a pattern is none.
    """
    __tracebackhide__ = True
    return assert_gradients(step, model, trains=patterns, rest="any", optimizer=optimizer)


def hold(report: "Report", expectations: Expectations, *, traced: bool = True) -> None:
    """Hold ``report`` against what is expected.

    Raises:
        UnexpectedGradientsError: It is not so.
    """
    __tracebackhide__ = True
    failed = violations(report, expectations, traced=traced)
    if failed:
        raise UnexpectedGradientsError(render_violations(report, failed), report)


def _judged(
    loss: Any, model: "Model | None", optimizer: "Optimizers", trace: "Trace | None"
) -> tuple["Report", bool]:
    """Return the report, and whether a trace stands behind it."""
    __tracebackhide__ = True
    from gradviz.reports import Report

    if isinstance(loss, Report):
        return loss, True
    import torch

    from gradviz.tracing import trace as tracing

    if trace is not None:
        return trace.report(loss, model, optimizer), True
    if isinstance(loss, Callable) and not isinstance(loss, torch.nn.Module):  # type: ignore[arg-type]  # Callable is a class at runtime
        with tracing.trace() as trace:
            result = loss()
            if isinstance(result, tuple) and len(result) == 2 and model is None:
                result, model = result
            tracing.run_backward(trace, result)
        return trace.report(result, model, optimizer), True
    return tracing.report(loss, model, optimizer), False


@dataclass(slots=True)
class Snapshots:
    """The shapes that one run of tests asks for.

    Attributes:
        update: Write them anew instead of comparing.
        used: Those that were asked for.
        written: Those of them that were written.
    """

    update: bool = False
    used: set[Path] = field(default_factory=set)
    written: set[Path] = field(default_factory=set)


snapshots = Snapshots()
"""Those of the run that is going on. The pytest plugin puts its own here."""


def assert_graph_shape(
    report: "Report", path: str | PathLike[str], *, level: str = "operations"
) -> None:
    """Hold the graph of a report to the shape that a file tells, as text that a person can read and
    review.

    The text is independent of addresses, of the layout engine and of the order in which the graph
    was built.

    Args:
        report: Whose graph is meant.
        path: The file, relative to the one that calls. ``pytest --gradviz-update`` writes it.
        level: ``"operations"``, or ``"modules"`` for a coarser shape that a new operation inside of
            a module leaves as it is.

    Raises:
        AssertionError: The shape is another one, or there is no such file.
        GradvizError: There is no such level.
    """
    __tracebackhide__ = True
    levels = {"operations": graph_shape, "modules": module_shape}
    if level not in levels:
        raise GradvizError(f"unknown level: {level!r} (choose from {', '.join(levels)})")
    file = (Path(sys._getframe(1).f_code.co_filename).parent / path).resolve()
    shape = levels[level](report)
    snapshots.used.add(file)
    before = file.read_text(encoding="utf-8") if file.is_file() else None
    if before == shape:
        return
    if snapshots.update:
        file.parent.mkdir(parents=True, exist_ok=True)
        write(file, shape)
        snapshots.written.add(file)
    elif before is None:
        raise AssertionError(f"there is no {path}; pytest --gradviz-update writes it:\n{shape}")
    else:
        lines = difflib.unified_diff(
            before.splitlines(), shape.splitlines(), "as it was", "as it is", lineterm="", n=2
        )
        text = "\n".join(lines)
        raise AssertionError(
            f"the graph is not of the shape in {path} (pytest --gradviz-update takes the new"
            f" one):\n{text}"
        )
