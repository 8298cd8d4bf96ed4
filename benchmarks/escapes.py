"""What it costs that values leave torch in a trace: arrays of 16 MB, a rollout through numpy, sampling under no_grad.

    python benchmarks/escapes.py [runs]

Time is processor time against the same without a trace. Of the rollout of 4,000 steps it is that of the whole script with ``gradviz run``,
imports and reports included. Memory is what a process has grown by. Whole scripts and memory: each way in processes of their own.
"""

import contextlib
import resource
import statistics
import subprocess
import sys

import numpy as np
import torch
from clock import measure
from torch import nn

import gradviz

LINEAR = 2.4  # the time of a rollout twice as long
COSTS = 1.5  # the time of what is watched
STEPS = 4000


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
        for _ in range(1000):
            x = net(x) + torch.randn(1, 16)
    return trace


def script() -> None:
    """Be a script that plays a rollout and trains on it."""
    _, loss, actor = rollout(STEPS, traced=False)  # type: ignore[misc]
    optimizer = torch.optim.SGD(actor.parameters(), 0.1)
    loss.backward()
    optimizer.step()


def used(*command: str) -> float:
    """Run a program; return the seconds of processor time that it used."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, *command], check=True, capture_output=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


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
    print(f"rollout, traced against plain      {found.ratio('traced', 'plain'):6.1f}")
    print(f"rollout, twice as long             {twice:6.1f}  {'ok' if twice < LINEAR else 'MISSED'}")
    sampled = found.ratio("watched", "sampled")
    print(f"sampling, traced against plain     {sampled:6.1f}  {'ok' if sampled <= COSTS else 'MISSED'}")
    pairs = [(used("-m", "gradviz", "run", __file__, "script"), used(__file__, "script")) for _ in range(runs)]
    whole = statistics.median(traced / plain for traced, plain in pairs)
    print(f"script with a rollout of 4,000     {whole:6.1f}  {'ok' if whole <= COSTS else 'MISSED'}")
    trace, loss, actor = rollout(2048, traced=True)  # type: ignore[misc]
    size = len(trace.report(loss, {"actor": actor}).to_json()) / 1e6
    print(f"JSON of a rollout of 2,048 steps   {size:6.1f} MB  {'ok' if size < 20 else 'MISSED'}")
    ways = ("plain", "traced") * runs
    sizes = [int(subprocess.check_output([sys.executable, __file__, way]).decode()) // 1024 for way in ways]
    memory = [statistics.median(sizes[0::2]), statistics.median(sizes[1::2])]
    good = memory[1] <= memory[0] * 1.2 + 20
    print(f"arrays of 16 MB: grown by {memory[0]:.0f} MB plain, {memory[1]:.0f} MB traced  {'ok' if good else 'MISSED'}")
    return 0 if twice < LINEAR and max(sampled, whole) <= COSTS and size < 20 and good else 1


if __name__ == "__main__":
    if sys.argv[1:] in (["plain"], ["traced"]):
        print(grown(traced=sys.argv[1] == "traced"))
    elif sys.argv[1:] == ["script"]:
        script()
    else:
        sys.exit(main(*map(int, sys.argv[1:])))
