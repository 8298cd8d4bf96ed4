"""What has to hold on a GPU, in one script that takes a few minutes, and writes a table.

    python benchmarks/gpu.py [--cpu] [-o gpu.md]

    --cpu    run on the CPU what it can run: it shows that the script works, nothing of a GPU

Untried on a GPU so far. Each row is a check by itself: what fails is said, and the next one runs.
"""

import argparse
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import torch
from torch import nn

import gradviz

ALLOWED = 1.05
Row = tuple[str, str, bool | None]  # what, the figure, whether it holds; None where not tried
DEVICE = "cuda"


class Net(nn.Module):
    """Cut in its first layer, frozen in its second, with a spare one."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second, self.third = (nn.Linear(64, 64) for _ in range(3))
        self.spare = nn.Linear(2, 2)
        self.second.requires_grad_(False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the loss."""
        h = self.first(x).relu().detach() + self.third(x)
        return self.second(nn.functional.dropout(h, 0.1)).square().mean()


EXPECTED = {"first": "cut", "second": "frozen", "third": "reached", "spare": "unused"}


def step(
    traced: bool, steps: int = 3, **how: object
) -> tuple[list[float], "gradviz.Report | None"]:
    """Train a few steps from one seed; return the losses and weights, and the last report."""
    torch.manual_seed(0)
    model = Net().to(DEVICE)
    optimizer = torch.optim.AdamW((p for p in model.parameters() if p.requires_grad), 0.01, **how)
    numbers, report = [], None
    for _ in range(steps):
        x = torch.randn(8, 64, device=DEVICE)
        optimizer.zero_grad()
        if traced:
            with gradviz.trace() as trace:
                loss = model(x)
                loss.backward()
                optimizer.step()
            report = trace.report(loss, model)
        else:
            loss = model(x)
            loss.backward()
            optimizer.step()
        numbers += [loss.item(), *(float(p.double().sum()) for p in model.parameters())]
    return numbers, report


def is_right(report: "gradviz.Report | None") -> bool:
    """Say whether the verdicts of :class:`Net` are what they should be."""
    return report is not None and all(
        parameter.verdict == EXPECTED[name.split(".")[0]]
        for name, parameter in report.parameters.items()
    )


def harmless() -> Iterator[Row]:
    """The same numbers bit for bit, and right verdicts, with each kind of optimizer."""
    kinds: dict[str, dict[str, object]] = {"plain": {}, "foreach": {"foreach": True}}
    kinds["fused"] = {"fused": True}
    if DEVICE == "cuda":
        kinds["capturable"] = {"capturable": True}
    for name, how in kinds.items():
        plain, _ = step(False, **how)
        traced, report = step(True, **how)
        yield f"same numbers bit for bit, {name} AdamW", str(plain == traced), plain == traced
        yield f"verdicts, {name} AdamW", str(is_right(report)), is_right(report)
        trains = report is not None and report.training is not None
        yield f"says what trains, {name} AdamW", str(trains), trains


def mixed() -> Iterator[Row]:
    """Autocast and GradScaler, plain and traced."""
    results = []
    for traced in (False, True):
        torch.manual_seed(0)
        model = Net().to(DEVICE)
        optimizer = torch.optim.SGD((p for p in model.parameters() if p.requires_grad), 0.01)
        scaler = torch.amp.GradScaler(DEVICE, enabled=DEVICE == "cuda")
        kind = torch.float16 if DEVICE == "cuda" else torch.bfloat16
        trace = gradviz.trace() if traced else None
        if trace is not None:
            trace.__enter__()
        with torch.autocast(DEVICE, kind):
            loss = model(torch.randn(8, 64, device=DEVICE))
        scaler.scale(loss).backward()
        scaler.step(optimizer)
        scaler.update()
        if trace is not None:
            trace.__exit__(None, None, None)
            yield "verdicts under autocast", "", is_right(trace.report(loss, model))
        results.append([float(p.double().sum()) for p in model.parameters()])
    same = results[0] == results[1]
    yield "same numbers under autocast and GradScaler", str(same), same


def synchronisations() -> Iterator[Row]:
    """No more than one synchronisation a step beyond those of the plain step."""
    if DEVICE != "cuda":
        yield "synchronisations", "not on a CPU", None
        return
    import warnings

    counts = []
    for traced in (False, True):
        step(traced, 1)
        torch.cuda.set_sync_debug_mode("warn")
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            step(traced, 1)
        torch.cuda.set_sync_debug_mode("default")
        counts.append(sum("synchroniz" in str(one.message) for one in caught))
    yield "synchronisations, plain and traced", str(counts), counts[1] <= counts[0] + 1


def graphs() -> Iterator[Row]:
    """A CUDA graph of the user's is replayed inside a trace, and left alone."""
    if DEVICE != "cuda":
        yield "CUDA graphs", "not on a CPU", None
        return
    model, x = nn.Linear(8, 8).cuda(), torch.randn(4, 8, device="cuda")
    side = torch.cuda.Stream()
    with torch.cuda.stream(side):
        model(x)
    torch.cuda.current_stream().wait_stream(side)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        out = model(x)
    with gradviz.trace():
        graph.replay()
    good = torch.allclose(out, model(x))
    yield "a CUDA graph replayed in a trace", str(good), good


def compiled() -> Iterator[Row]:
    """A compiled model is judged as it is written."""
    torch.manual_seed(0)
    net = Net().to(DEVICE)
    model = torch.compile(net, backend="inductor" if DEVICE == "cuda" else "eager")
    with gradviz.trace() as trace:
        loss = model(torch.randn(8, 64, device=DEVICE))
        loss.backward()
    good = is_right(trace.report(loss, net))
    yield "verdicts of a compiled model", str(good), good


def births() -> Iterator[Row]:
    """The line where NaN begins."""
    model = nn.Linear(4, 4).to(DEVICE)
    with gradviz.trace() as trace:
        loss = torch.log(-model(torch.ones(1, 4, device=DEVICE)).square().sum())
        loss.backward()
    text = str(trace.report(loss, model))
    yield "names where NaN begins", "", "torch.log(" in text


def cost() -> Iterator[Row]:
    """A traced step of a stack of transformer layers against the plain step."""
    torch.manual_seed(0)
    wide, deep = (768, 12) if DEVICE == "cuda" else (64, 2)
    layer = nn.TransformerEncoderLayer(wide, wide // 64, 4 * wide, batch_first=True)
    model = nn.TransformerEncoder(layer, deep, enable_nested_tensor=False).to(DEVICE)
    x = torch.randn(8, 128, wide, device=DEVICE)

    def plain() -> None:
        model(x).square().mean().backward()

    def traced() -> None:
        with gradviz.trace():
            plain()

    ratios = []
    for turn in range(13):
        spent = []
        for way in (plain, traced):
            start = time.perf_counter()
            way()
            if DEVICE == "cuda":
                torch.cuda.synchronize()
            spent.append(time.perf_counter() - start)
        if turn > 2:
            ratios.append(spent[1] / spent[0])
    ratio = statistics.median(ratios)
    bound = ratio <= ALLOWED if DEVICE == "cuda" else None
    yield f"traced to plain, at most {ALLOWED}", f"{ratio:.3f}", bound


CHECKS: tuple[Callable[[], Iterator[Row]], ...] = (
    harmless,
    mixed,
    synchronisations,
    graphs,
    compiled,
    births,
    cost,
)


def main() -> int:
    """Run every check, write the table, and return 1 where one does not hold."""
    global DEVICE
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cpu", action="store_true")
    parser.add_argument("-o", type=Path, help="write the table here, too")
    options = parser.parse_args()
    if options.cpu:
        DEVICE = "cpu"
    elif not torch.cuda.is_available():
        print("not measured: there is no GPU (--cpu runs what a CPU can)")
        return 0
    name = torch.cuda.get_device_name() if DEVICE == "cuda" else "CPU"
    lines, good = [f"| {name}, torch {torch.__version__} | | |", "| --- | --- | --- |"], True
    for check in CHECKS:
        try:
            rows = list(check())
        except Exception as error:
            rows = [(check.__name__, f"{type(error).__name__}: {error}"[:80], False)]
        for what, figure, holds in rows:
            word = "not tried" if holds is None else "ok" if holds else "MISSED"
            good = good and holds is not False
            lines.append(f"| {what} | {figure} | {word} |")
            print(lines[-1], flush=True)
    if options.o:
        options.o.write_text("\n".join(lines) + "\n")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
