"""Measures ways of running a step against each other.

They take turns in one process, and what is told is medians with their spread.
"""

import gc
import statistics
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace

from torch import Tensor, nn

from gradviz.costing.saved import SavedBytes
from gradviz.system.walk import walk


@dataclass(frozen=True, slots=True)
class Times:
    """Seconds of processor time of several runs. Read-only.

    Attributes:
        median: The one in the middle.
        low, high: Between them lies the middle half.
    """

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, seconds: Sequence[float]) -> "Times":
        """Return the figures of some runs."""
        ordered = sorted(seconds)
        if len(ordered) < 2:
            return cls(ordered[0], ordered[0], ordered[0])
        low, median, high = statistics.quantiles(ordered, n=4, method="inclusive")
        return cls(median, low, high)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What one way of running a step costs. Read-only.

    Attributes:
        forward, backward: Time up to the loss, and from there to the last gradient.
        nodes: How many nodes the backward runs through.
        saved: Bytes that autograd keeps for it at the end of the forward; memory that is shared is
            counted once, parameters and buffers, which are there anyway, not at all.
        peak: The most that it keeps at one moment of the forward.
        gradients: Bytes in ``.grad`` after it.
        state: Bytes that Adam holds for what got a gradient: two numbers for each of its own.
    """

    forward: Times
    backward: Times
    nodes: int
    saved: int
    peak: int
    gradients: int
    state: int


@dataclass(frozen=True, slots=True)
class Variant:
    """A way of running a step. Read-only.

    Attributes:
        forward: Runs the forward and returns the loss and the model; the model may be None.
        context: What holds while the step runs; entering and leaving it is not timed.
    """

    forward: Callable[[], tuple[Tensor, nn.Module | None]]
    context: Callable[[], AbstractContextManager[object]] = nullcontext


def measure(
    ways: Mapping[str, Variant], runs: int = 20, progress: Callable[[int], None] | None = None
) -> dict[str, Cost]:
    """Return what each way costs, by name.

    Each runs in turn, in an order that turns round every time, once beforehand for warmth.

    Args:
        ways: By name.
        runs: How often each is timed.
        progress: Is called with how many of the runs are over, each time it is one more.
    """
    counts = {name: _counted(way) for name, way in ways.items()}
    times: dict[str, list[tuple[float, float]]] = {name: [] for name in ways}
    for turn in range(runs + 1):
        for name, way in list(ways.items())[:: 1 if turn % 2 else -1]:
            pair = _timed(way)
            if turn:
                times[name].append(pair)
        if progress is not None and turn:
            progress(turn)
    measured = {}
    for name, pairs in times.items():
        forward, backward = (Times.of(some) for some in zip(*pairs, strict=True))
        measured[name] = replace(counts[name], forward=forward, backward=backward)
    return measured


def _timed(way: Variant) -> tuple[float, float]:
    with way.context():
        gc.collect()
        start = time.process_time()
        loss, model = way.forward()
        between = time.process_time()
        _run_backward(loss)
        end = time.process_time()
    _clear(model)
    return between - start, end - between


def _counted(way: Variant) -> Cost:
    with way.context():
        _, model = way.forward()  # whose parameters are there before the graph is
        there = _tensors(model)
        with SavedBytes(there) as saving:
            loss, model = way.forward()
            saved, peak = saving.leave_out(_tensors(model)), saving.peak
        nodes = count_nodes(loss)
        _run_backward(loss)
        parameters = [] if model is None else list(model.parameters())
        gradients = _bytes(parameter.grad for parameter in parameters if parameter.grad is not None)
        state = 2 * _bytes(parameter for parameter in parameters if parameter.grad is not None)
    _clear(model)
    none = Times.of([0.0])
    return Cost(
        forward=none,
        backward=none,
        nodes=nodes,
        saved=saved,
        peak=peak,
        gradients=gradients,
        state=state,
    )


def _tensors(model: nn.Module | None) -> list[Tensor]:
    return [] if model is None else [*model.parameters(), *model.buffers()]


def _run_backward(loss: Tensor) -> None:
    if loss.requires_grad:
        loss.backward()  # type: ignore[no-untyped-call]


def count_nodes(loss: Tensor) -> int:
    """Return how many nodes a backward of ``loss`` runs through, those that write a gradient
    included.
    """
    way = walk([loss.grad_fn], lambda node: (n for n, _ in node.next_functions) if node else ())
    return sum(node is not None for node in way)


def _bytes(tensors: Iterable[Tensor]) -> int:
    return sum(tensor.numel() * tensor.element_size() for tensor in tensors)


def _clear(model: nn.Module | None) -> None:
    if model is not None:
        model.zero_grad(set_to_none=True)
