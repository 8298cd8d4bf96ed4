"""A handful of tiny steps whose verdicts, lines and kinds are known.

Does gradviz see on this torch what it saw on those it was tried on?

``gradviz doctor`` runs them all. On a torch that is newer, the first trace of a process runs those
that need no backward. They touch nothing of the user's: they run in a thread of their own, whose
grad mode and torch functions modes are torch's defaults, name their dtype and device, draw no
random number, make no module and call no backward.
"""

import threading
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, Self

import torch
from torch import Tensor

from gradviz.recording import torch_inside
from gradviz.reports import Report
from gradviz.version import __version__

_PATIENCE = 30.0  # seconds; it takes some hundredths
_checked = False


class Tracing(Protocol):
    """What the self-test asks of a trace."""

    def __enter__(self) -> Self:
        """Begin to watch."""

    __exit__: Any

    @property
    def failure(self) -> str:
        """Why it stopped watching part of the way; empty where it did not."""

    def report(self, loss: Tensor, model: Any, *, backward: bool) -> Report:
        """Return the report on the loss of what was watched."""


@dataclass(frozen=True, slots=True)
class Known:
    """A step, and what is to be said of it.

    Attributes:
        name: Of what it shows.
        step: From the parameters ``a`` and ``b`` to the loss.
        verdicts: Of each parameter.
        kind: Of what severs; empty where nothing does.
        code: The line that severs.
        backward: It runs a backward, to tell zero from reached.
    """

    name: str
    step: Callable[[Tensor, Tensor], Tensor]
    verdicts: Mapping[str, str]
    kind: str = ""
    code: str = ""
    backward: bool = False


KNOWN: list[Known] = []


def _answer(
    *, a: str, b: str, kind: str = "", code: str = "", backward: bool = False
) -> Callable[[Callable[[Tensor, Tensor], Tensor]], None]:
    def add(step: Callable[[Tensor, Tensor], Tensor]) -> None:
        KNOWN.append(Known(step.__name__, step, {"a": a, "b": b}, kind, code, backward))

    return add


@_answer(a="reached", b="reached")
def reached(a: Tensor, b: Tensor) -> Tensor:
    """Return a loss in which ``a`` and ``b`` both take part."""
    return (a * b).sum()


@_answer(a="cut", b="reached", kind="detach", code="h = (a * 2).detach()")
def detach(a: Tensor, b: Tensor) -> Tensor:
    """Return a loss for which ``a`` is taken out of the graph."""
    h = (a * 2).detach()
    return (h * b).sum()


@_answer(a="cut", b="reached", kind="no_grad", code="h = a * 2")
def no_grad(a: Tensor, b: Tensor) -> Tensor:
    """Return a loss for which ``a`` is used while grad mode is off."""
    with torch.no_grad():
        h = a * 2
    return (h * b).sum()


@_answer(a="cut", b="reached", kind="data", code="h = a.data")
def data(a: Tensor, b: Tensor) -> Tensor:
    """Return a loss of the values of ``a`` alone."""
    h = a.data
    return (h * b).sum()


@_answer(a="cut", b="reached", kind="item", code="scale = a.sum().item()")
def item(a: Tensor, b: Tensor) -> Tensor:
    """Return a loss for which a plain number is made of ``a``."""
    scale = a.sum().item()
    return (b * scale).sum()


@_answer(a="cut", b="reached", kind="non_differentiable", code="best = a.argmax()")
def argmax(a: Tensor, b: Tensor) -> Tensor:
    """Return what ``a`` chooses of ``b``."""
    best = a.argmax()
    return b[best]


class _Rounded(torch.autograd.Function):
    """Rounds, and passes gradient as if it did not."""

    @staticmethod
    def forward(ctx: object, x: Tensor) -> Tensor:
        """Round."""
        return x.detach().round()

    @staticmethod
    def backward(ctx: object, gradient: Tensor) -> Tensor:
        """Pass it on."""
        return gradient


@_answer(a="reached", b="reached")
def custom_function(a: Tensor, b: Tensor) -> Tensor:
    """Return a loss for which a Function rounds ``a`` and passes gradient."""
    rounded: Tensor = _Rounded.apply(a)  # type: ignore[no-untyped-call]
    return (rounded * b).sum()


class _Chosen(torch.autograd.Function):
    """Chooses, and passes no gradient."""

    @staticmethod
    def forward(ctx: torch.autograd.function.FunctionCtx, x: Tensor) -> Tensor:
        """Choose."""
        index = x.argmax()
        ctx.mark_non_differentiable(index)
        return index

    @staticmethod
    def backward(ctx: object, gradient: Tensor) -> None:
        """Pass nothing on."""


@_answer(
    a="cut",
    b="reached",
    kind="custom_function",
    code="best = _Chosen.apply(a)  # type: ignore[no-untyped-call]",
)
def marked(a: Tensor, b: Tensor) -> Tensor:
    """Return what ``a`` chooses of ``b``, by a Function that marks what it returns."""
    best = _Chosen.apply(a)  # type: ignore[no-untyped-call]
    return b[best]


@_answer(a="frozen", b="reached")
def frozen(a: Tensor, b: Tensor) -> Tensor:
    """Return a loss for which ``a`` is frozen."""
    a.requires_grad_(False)
    return (a * b).sum()


@_answer(a="unused", b="reached")
def unused(a: Tensor, b: Tensor) -> Tensor:
    """Return a loss without ``a``."""
    return b.sum()


@_answer(a="zero", b="reached", backward=True)
def zero(a: Tensor, b: Tensor) -> Tensor:
    """Return a loss whose gradient at ``a`` is zero, after its backward."""
    loss = (a.clamp(max=0.0) * b + b).sum()
    loss.backward()  # type: ignore[no-untyped-call]
    return loss


def wrong_answers(trace: Callable[[], Tracing], *, backward: bool) -> tuple[str, ...]:
    """Run the steps, in a thread of their own, and return a sentence for each that is answered
    wrongly.

    Args:
        trace: Begins to trace.
        backward: Run those too that call backward.
    """
    wrong: list[str] | None = None

    def run() -> None:
        nonlocal wrong
        wrong = [
            f"{answer.name}: {wrong_answer}"
            for answer in KNOWN
            if backward or not answer.backward
            if (wrong_answer := _wrong(trace, answer))
        ]

    thread = threading.Thread(target=run, name="gradviz self-test", daemon=True)
    thread.start()
    thread.join(_PATIENCE)
    return ("the self-test did not end",) if wrong is None else tuple(wrong)


def _wrong(trace: Callable[[], Tracing], answer: Known) -> str:
    """Say what is wrong with the answer to one step; nothing where it is right."""
    values = {"a": 2.0, "b": 3.0}
    parameters = {
        name: torch.full((2,), value, dtype=torch.float32, device="cpu", requires_grad=True)
        for name, value in values.items()
    }
    try:
        with trace() as tracing:
            loss = answer.step(parameters["a"], parameters["b"])
        report = tracing.report(loss, parameters, backward=answer.backward)
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    if tracing.failure:
        return tracing.failure
    verdicts = {name: str(report.parameters[name].verdict) for name in parameters}
    cuts = [(str(cut.kind), cut.code) for cut in report.cuts]
    expected = [(answer.kind, answer.code)] if answer.kind else []
    if verdicts != answer.verdicts:
        return (
            f"a is {answer.verdicts['a']} and b is {answer.verdicts['b']}, said {verdicts['a']} and"
            f" {verdicts['b']}"
        )
    return "" if cuts == expected else f"what cuts is {expected}, said {cuts}"


def check_once(trace: Callable[[], Tracing]) -> None:
    """On a torch newer than those gradviz was tried on, warn in one line if an answer differs.

    Once in a process.
    """
    global _checked
    # A thread cannot import from what is being imported
    if _checked or getattr(torch.__spec__, "_initializing", False):
        return
    _checked = True
    wrong = wrong_answers(trace, backward=False)
    if wrong:
        newest = ".".join(map(str, torch_inside.NEWEST_TRIED))
        warnings.warn(
            f"gradviz {__version__} was tried on torch up to {newest}, and on torch"
            f" {torch.__version__} it gets wrong what it should know"
            f" ({wrong[0]}{f' and {len(wrong) - 1} more' if wrong[1:] else ''}); 'gradviz doctor'"
            " says more.",
            RuntimeWarning,
            stacklevel=4,
        )
