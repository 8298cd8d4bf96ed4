"""Time and memory against the number of nodes.

Chains of 1,000 to 100,000 operations, traced and judged.

    python benchmarks/scale.py

Bound: both grow linearly (an exponent of at most 1.1), and nothing recurses.
"""

import gc
import math
import sys
import time
import tracemalloc

import torch
from torch import nn

import gradviz

SIZES = (1_000, 3_000, 10_000, 20_000, 50_000, 100_000)
ALLOWED = 1.1


def chain(size: int) -> tuple[torch.Tensor, nn.Module]:
    """A chain of ``size`` operations after one layer, detached in the middle."""
    model = nn.Linear(2, 2)
    value = model(torch.ones(1, 2))
    for number in range(size - 2):
        value = value * 1.0001 if number % 2 else value + 1e-4
        if number == size // 2:
            value = value.detach() + model.bias
    return value.sum(), model


def measure(size: int) -> tuple[float, float, float, float, int]:
    """Return seconds of the plain forward, of the traced one and of the report, MiB at most, and
    nodes.
    """
    gc.collect()
    start = time.process_time()
    chain(size)
    plain = time.process_time() - start
    start = time.process_time()
    with gradviz.trace() as trace:
        loss, model = chain(size)
    traced = time.process_time() - start
    start = time.process_time()
    report = trace.report(loss, model)
    judged = time.process_time() - start
    nodes = len(report.graph.nodes)
    verdicts = {name: str(parameter.verdict) for name, parameter in report.parameters.items()}
    assert verdicts == {"weight": "cut", "bias": "reached"}, verdicts
    del report, trace, loss, model
    gc.collect()
    tracemalloc.start()
    with gradviz.trace() as trace:
        loss, model = chain(size)
    trace.report(loss, model)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return plain, traced, judged, peak / 2**20, nodes


def exponent(sizes: tuple[int, ...], figures: list[float]) -> float:
    """The slope of a line through the logarithms (least squares)."""
    xs, ys = [math.log(size) for size in sizes], [math.log(figure) for figure in figures]
    x, y = sum(xs) / len(xs), sum(ys) / len(ys)
    return sum((a - x) * (b - y) for a, b in zip(xs, ys, strict=True)) / sum(
        (a - x) ** 2 for a in xs
    )


def main() -> int:
    """Measure, print, and return 1 where the bound does not hold."""
    torch.set_num_threads(1)
    measure(100)
    print(
        f"{'operations':>10} {'nodes':>8} {'forward':>10} {'traced':>10} {'report':>10}"
        f" {'memory':>10}  {'each':>9}"
    )
    times, memory = [], []
    for size in SIZES:
        plain, traced, judged, peak, nodes = measure(size)
        times.append(traced + judged)
        memory.append(peak)
        each = (traced + judged) / size * 1e6
        print(
            f"{size:10,} {nodes:8,} {plain:8.3f} s {traced:8.3f} s {judged:8.3f} s {peak:6.1f} MiB "
            f" {each:6.1f} us",
            flush=True,
        )
    slopes = exponent(SIZES, times), exponent(SIZES, memory)
    good = all(slope <= ALLOWED for slope in slopes)
    print(
        f"exponent: time {slopes[0]:.2f}, memory {slopes[1]:.2f}, at most {ALLOWED} "
        f" {'ok' if good else 'MISSED'}"
    )
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
