"""A training step on the device: its numbers, its verdicts, and what it costs the device."""

import math
import warnings
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

import gradviz

from . import device
from .device import Row
from .net import Net, is_right, says_what_trains, watched

if TYPE_CHECKING:
    import numpy as np


def step(
    traced: bool, steps: int = 3, values: bool = False, **how: object
) -> tuple[list[float], gradviz.Report | None]:
    """Train a few steps from one seed; return the losses and weights, and the last report."""
    torch.manual_seed(0)
    model = Net().to(device.name())
    optimizer = torch.optim.AdamW(model.made_for(), 0.01, **how)
    numbers, report = [], None
    for _ in range(steps):
        x = torch.randn(8, 64, device=device.name())
        optimizer.zero_grad()
        with watched(traced, values) as trace:
            loss = model(x)
            loss.backward()
            optimizer.step()
        report = trace.report(loss, model) if traced else None
        numbers += [loss.item(), *(float(p.detach().double().sum()) for p in model.parameters())]
    return numbers, report


def optimizers() -> Iterator[Row]:
    """The same numbers, right verdicts, and what moved, with each kind of optimizer."""
    kinds: dict[str, dict[str, object]] = {
        "plain": {"foreach": False},
        "foreach": {"foreach": True},
    }
    kinds["fused"] = {"fused": True}
    if device.is_cuda():
        kinds["capturable"] = {"capturable": True}
    for name, how in kinds.items():
        plain, _ = step(False, **how)
        traced, report = step(True, **how)
        good = plain == traced and is_right(report) and says_what_trains(report)
        yield (
            f"{name} AdamW: same numbers, verdicts, what trains",
            f"{plain == traced}, {is_right(report)}, {says_what_trains(report)}",
            good,
        )
    plain, _ = step(False)
    traced, report = step(True, values=True)
    good = plain == traced and is_right(report)
    yield "values measured: same numbers, verdicts", str(good), good


def mixed() -> Iterator[Row]:
    """Autocast and GradScaler, plain and traced; the second step overflows and is skipped."""
    results, reports = [], []
    for traced in (False, True):
        torch.manual_seed(0)
        model = Net().to(device.name())
        optimizer = torch.optim.SGD(model.made_for(), 0.01)
        scaler = torch.amp.GradScaler(device.name(), init_scale=1024.0, enabled=device.is_cuda())
        kind = torch.float16 if device.is_cuda() else torch.bfloat16
        for number in range(3):
            x = torch.randn(8, 64, device=device.name()) * (
                1e4 if number == 1 and device.is_cuda() else 1
            )
            optimizer.zero_grad()
            with watched(traced) as trace:
                with torch.autocast(device.name(), kind):
                    loss = model(x)
                scaler.scale(loss).backward()
                scaler.step(optimizer)
                scaler.update()
            if trace is not None:
                reports.append(trace.report(loss, model))
        results.append([float(p.detach().double().sum()) for p in model.parameters()])
    same = results[0] == results[1]
    yield "autocast and GradScaler: same numbers", str(same), same
    good = is_right(reports[0]) and says_what_trains(reports[0])
    yield "autocast and GradScaler: verdicts, what trains", str(good), good
    if device.is_cuda():
        calm = not reports[1].training.alarms
        yield "a step that GradScaler skips raises no alarm", str(calm), calm


def halves() -> Iterator[Row]:
    """Norms of half precision that the type itself cannot hold are finite and right."""
    kinds = (torch.float16, torch.bfloat16, torch.float32, torch.float64)
    for kind in kinds:
        weight = nn.Parameter(torch.ones(4096, device=device.name(), dtype=kind))
        with gradviz.trace(values=True) as trace:
            loss = (weight * 300.0 * 100.0).float().sum()
            loss.backward()
        norm = trace.report(loss, {"weight": weight}).parameters["weight"].gradient_norm
        true = 30000.0 * 64 if kind != torch.bfloat16 else float(weight.grad.double().norm())
        good = norm is not None and math.isclose(norm, true, rel_tol=1e-6)
        yield f"norm of a gradient of {kind}".replace("torch.", ""), f"{norm}", good


def synchronisations() -> Iterator[Row]:
    """No more than one synchronisation a step beyond those of the plain step."""
    if not device.is_cuda():
        yield "synchronisations", "not on a CPU", None
        return
    makers: dict[str, Callable[[Iterator[nn.Parameter]], torch.optim.Optimizer]] = {
        "AdamW": torch.optim.AdamW,
        "an optimizer of the user's": ByHand,
    }
    for name, made in makers.items():
        counts = [
            _synchronisations(made, traced, values)
            for traced, values in ((False, False), (True, False), (True, True))
        ]
        yield (
            f"synchronisations of a step of {name}: plain, traced, with values",
            ", ".join(map(str, counts)),
            max(counts) <= counts[0] + 1,
        )


class ByHand(torch.optim.Optimizer):
    """Gradient descent as a user writes it."""

    def __init__(self, parameters: Iterator[nn.Parameter]) -> None:
        super().__init__(parameters, {})

    @torch.no_grad()
    def step(self) -> None:  # type: ignore[override]
        """Move each parameter."""
        for group in self.param_groups:
            for parameter in group["params"]:
                if parameter.grad is not None:
                    parameter.add_(parameter.grad, alpha=-0.1)


def _synchronisations(
    made: Callable[[Iterator[nn.Parameter]], torch.optim.Optimizer], traced: bool, values: bool
) -> int:
    """Return how often a step waits for the device, the second one of its kind."""
    torch.manual_seed(0)
    model = Net().to(device.name())
    optimizer = made(model.made_for())
    x = torch.randn(8, 64, device=device.name())
    for _ in range(2):
        optimizer.zero_grad()
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            torch.cuda.set_sync_debug_mode("warn")
            try:
                with watched(traced, values):
                    model(x).backward()
                    optimizer.step()
            finally:
                torch.cuda.set_sync_debug_mode("default")
    calls = [call for call in caught if "synchroniz" in str(call.message)]
    for call in calls:
        print(f"    synchronises: {call.filename}:{call.lineno}")
    return len(calls)


def memory() -> Iterator[Row]:
    """The peak on the device is at most 1 % higher, and nothing stays."""
    if not device.is_cuda():
        yield "memory of the device", "not on a CPU", None
        return
    peaks, left = [], []
    for traced in (False, True):
        torch.manual_seed(0)
        model = nn.Sequential(*(nn.Linear(2048, 2048) for _ in range(12))).to(device.name())
        optimizer = torch.optim.AdamW(model.parameters())
        x = torch.randn(4096, 2048, device=device.name())
        for _ in range(2):
            torch.cuda.reset_peak_memory_stats()
            with watched(traced):
                model(x).square().mean().backward()
                optimizer.step()
            optimizer.zero_grad()
        peaks.append(torch.cuda.max_memory_allocated())
        left.append(torch.cuda.memory_allocated())
        del model, optimizer, x
    ratio = peaks[1] / peaks[0]
    yield "peak memory, traced to plain, at most 1.01", f"{ratio:.4f}", ratio <= 1.01
    yield "bytes that stay on the device", str(left[1] - left[0]), left[1] <= left[0] + 65536


def births() -> Iterator[Row]:
    """The line where NaN begins, forward and in half precision."""
    model = nn.Linear(4, 4).to(device.name())
    with gradviz.trace() as trace:
        loss = torch.log(-model(torch.ones(1, 4, device=device.name())).square().sum())
        loss.backward()
    good = "torch.log(" in str(trace.report(loss, model))
    yield "names where NaN begins", str(good), good
    with gradviz.trace() as trace:
        wide = model(torch.full((1, 4), 3e3, device=device.name())).half()
        loss = wide.square().sum().float()
        loss.backward()
    good = "wide.square()" in str(trace.report(loss, model))
    yield "names where float16 overflows", str(good), good


def leaving() -> Iterator[Row]:
    """The line where a value leaves the device as a number."""
    model = nn.Linear(4, 4).to(device.name())
    x = torch.ones(2, 4, device=device.name())
    for code, way in (
        (".item()", lambda y: y.sum().item() * model.bias.sum()),
        (".cpu().numpy()", lambda y: _back(y.detach().cpu().numpy()) * model.bias.sum()),
        (
            ".tolist()",
            lambda y: torch.tensor(y.tolist(), device=device.name()).sum() * model.bias.sum(),
        ),
    ):
        with gradviz.trace() as trace:
            loss = way(model.weight @ x.T)
            loss.backward()
        report = trace.report(loss, model)
        cut = report.parameters["weight"]
        good = cut.verdict == "cut" and any(code in (one.code or "") for one in cut.cuts)
        yield f"a cut by {code} and its line", str(good), good


def _back(array: "np.ndarray") -> Tensor:
    return torch.from_numpy(array).to(device.name()).sum()
