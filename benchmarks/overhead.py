"""What a trace costs while the step runs.

    python benchmarks/overhead.py [runs]

GPT-2 small, forward and backward of 64 tokens, traced against plain: at most 1.02. A tiny MLP's
traced step against the same step under an empty TorchFunctionMode, which is what torch charges for
looking at all: at most 2.
"""

import sys

import torch
from clock import Figures, measure
from models import gpt2
from torch import nn
from torch.overrides import TorchFunctionMode

import gradviz


class Empty(TorchFunctionMode):
    """Sees every call and does nothing."""

    def __torch_function__(self, func, types, args=(), kwargs=None):
        return func(*args, **(kwargs or {}))


def row(what: str, found: Figures, base: str, traced: str, allowed: float) -> bool:
    """Print one row; return whether the bound holds."""
    ratio = found.ratio(traced, base)
    verdict = "ok" if ratio <= allowed else "MISSED"
    print(
        f"{what:44} {found.median(base) * 1e3:9.3f} ms {found.median(traced) * 1e3:9.3f} ms "
        f" {ratio:5.3f}  at most {allowed:.2f}  {verdict}"
    )
    return ratio <= allowed


def main(runs: int = 21) -> int:
    """Measure, print, and return 1 where a bound does not hold."""
    forward, model = gpt2()

    def plain() -> None:
        model.zero_grad()
        forward().backward()

    def traced() -> None:
        model.zero_grad()
        with gradviz.trace():
            forward().backward()

    print(f"{'':44} {'base':>12} {'traced':>12}  ratio")
    found = measure(runs, plain=plain, traced=traced)
    good = row("GPT-2 small, 64 tokens, forward + backward", found, "plain", "traced", 1.02)

    mlp = nn.Sequential(nn.Linear(8, 16), nn.ReLU(), nn.Linear(16, 16), nn.ReLU(), nn.Linear(16, 1))
    optimizer = torch.optim.SGD(mlp.parameters(), lr=1e-3)
    x, y = torch.randn(4, 8), torch.randn(4, 1)

    def step() -> None:
        optimizer.zero_grad()
        nn.functional.mse_loss(mlp(x), y).backward()
        optimizer.step()

    def under_empty() -> None:
        with Empty():
            for _ in range(20):
                step()

    def under_trace() -> None:
        with gradviz.trace():
            for _ in range(20):
                step()

    def one_under_empty() -> None:
        with Empty():
            step()

    def one_under_trace() -> None:
        with gradviz.trace():
            step()

    found = measure(20 * runs, empty=one_under_empty, trace=one_under_trace)
    good &= row("tiny MLP, one step, against an empty mode", found, "empty", "trace", 2.0)
    found = measure(runs, empty=under_empty, trace=under_trace)
    good &= row("tiny MLP, twenty steps in one trace", found, "empty", "trace", 2.0)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
