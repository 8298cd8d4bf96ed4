"""What it costs that values leave torch in a trace.

Arrays of 16 MB, a rollout through numpy, sampling under no_grad.

    python benchmarks/escapes.py [runs]

Time is processor time against the same without a trace; memory is what a process has grown by, each
way in a process of its own.
"""

import contextlib
import resource
import subprocess
import sys

import numpy as np
import torch
from clock import measure
from torch import nn

import gradviz

LINEAR = 2.4  # the time of a rollout twice as long
TIMES = 1.5  # what a trace may cost, against plain


def rollout(steps: int, *, traced: bool) -> object:
    """Play a policy against an environment that keeps its state in numpy."""
    actor = nn.Sequential(nn.Linear(3, 8), nn.Tanh(), nn.Linear(8, 3))
    state, seen, obs = np.zeros(3), torch.zeros(steps, 3), torch.zeros(3)
    with gradviz.trace() if traced else contextlib.nullcontext() as trace:
        for step in range(steps):
            seen[step] = obs
            with torch.no_grad():
                action = actor(obs)
            state = np.clip(0.5 * state + action.numpy(), -1, 1)
            obs = torch.Tensor(state)
        loss = actor(seen).pow(2).mean()
    return trace, loss, actor


def sampling(*, traced: bool) -> object:
    """Sample from a deep network without grad."""
    net = nn.Sequential(*(part for _ in range(20) for part in (nn.Linear(16, 16), nn.ReLU())))
    with gradviz.trace() if traced else contextlib.nullcontext() as trace, torch.no_grad():
        x = torch.randn(1, 16)
        for _ in range(200):
            x = net(x) + torch.randn(1, 16)
    return trace


def grown(*, traced: bool) -> int:
    """Take 40 arrays of 16 MB out of torch, one after the other; return the growth in KB."""
    layer, x = nn.Linear(1024, 1024), torch.randn(4096, 1024)
    layer(x).detach().numpy()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with gradviz.trace() if traced else contextlib.nullcontext():
        for _ in range(40):
            layer(x).detach().numpy().mean()
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before


def main(runs: int = 5) -> int:
    """Measure, print, and return 1 where a bound does not hold."""
    found = measure(
        runs,
        plain=lambda: rollout(1000, traced=False),
        traced=lambda: rollout(1000, traced=True),
        double=lambda: rollout(2000, traced=True),
        sampled=lambda: sampling(traced=False),
        watched=lambda: sampling(traced=True),
    )
    twice = found.ratio("double", "traced")
    played, drawn = found.ratio("traced", "plain"), found.ratio("watched", "sampled")
    print(f"rollout, traced against plain      {played:6.1f}  {_said(played <= TIMES)}")
    print(f"rollout, twice as long             {twice:6.1f}  {_said(twice < LINEAR)}")
    print(f"sampling, traced against plain     {drawn:6.1f}  {_said(drawn <= TIMES)}")
    trace, loss, actor = rollout(2048, traced=True)  # type: ignore[misc]
    size = len(trace.report(loss, {"actor": actor}).to_json()) / 1e6
    print(f"JSON of a rollout of 2,048 steps   {size:6.1f} MB  {_said(size < 20)}")
    memory = [
        int(subprocess.check_output([sys.executable, __file__, way]).decode()) // 1024
        for way in ("plain", "traced")
    ]
    good = memory[1] <= memory[0] * 1.2 + 20
    print(f"arrays of 16 MB: grown by {memory[0]} MB plain, {memory[1]} MB traced  {_said(good)}")
    good = good and played <= TIMES and drawn <= TIMES and twice < LINEAR and size < 20
    return 0 if good else 1


def _said(holds: bool) -> str:
    return "ok" if holds else "MISSED"


if __name__ == "__main__":
    if sys.argv[1:] in (["plain"], ["traced"]):
        print(grown(traced=sys.argv[1] == "traced"))
    else:
        sys.exit(main(*map(int, sys.argv[1:])))
