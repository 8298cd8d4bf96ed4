"""From a live loss to the finished picture, against ``torchviz.make_dot(...).render``.

And to picture and page where torchviz gives up.

    python benchmarks/pictures.py [runs]

Neither side runs a backward here: torchviz draws what is recorded, and so does ``trace.report(loss,
model, backward=False)``. What the backward adds, which tells zero from reached, is printed beside
it. Ratios are taken within one run, of processor time: that of this process and of ``dot``, so that
a busy machine is no matter.
"""

import gc
import json
import resource
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import torch
import torchviz
from models import gpt2, llama32, transformers
from scale import exponent
from torch import Tensor, nn

import gradviz

RATIOS = {"GPT-2 small": (gpt2, 10.0), "Llama, 32 layers": (llama32, 25.0)}
UNROLLED = 2000, 3.0  # steps, seconds
LARGEST = 6.0, 1024.0  # seconds, MiB
SIZES, ALLOWED = (1_000, 10_000, 100_000, 400_000), 1.15
WITHIN = {100_000: 6.0, 400_000: 30.0}  # seconds
LLAMA_405B = {
    "vocab_size": 128256,
    "hidden_size": 16384,
    "intermediate_size": 53248,
    "num_hidden_layers": 126,
    "num_attention_heads": 128,
    "num_key_value_heads": 8,
}


class Recurrent(nn.Module):
    """A cell that is unrolled: six nodes to a step."""

    def __init__(self) -> None:
        super().__init__()
        self.cell = nn.RNNCell(8, 16)
        self.head = nn.Linear(16, 1)

    def forward(self, x: Tensor, steps: int) -> Tensor:
        """Return a loss after so many steps."""
        state = x.new_zeros(len(x), 16)
        for _ in range(steps):
            state = self.cell(x, state)
        return self.head(state).sum()


def processor_time() -> float:
    """Seconds that this process and those it waited for have worked so far."""
    whose = resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN
    return sum(used.ru_utime + used.ru_stime for used in map(resource.getrusage, whose))


def seconds(work: Callable[[], object]) -> float:
    """Seconds that ``work`` takes."""
    gc.collect()
    start = processor_time()
    work()
    return processor_time() - start


def beside_torchviz(runs: int, folder: Path) -> bool:
    """Measure both on the same loss; return whether the bounds hold."""
    good = True
    for name, (make, least) in RATIOS.items():
        forward, model = make()
        with gradviz.trace() as trace:
            loss = forward()

        def ours(
            loss: Tensor = loss, model: nn.Module = model, trace: gradviz.Trace = trace
        ) -> None:
            trace.report(loss, model, backward=False).to_svg(folder / "ours.svg", engine="dot")

        def theirs(loss: Tensor = loss, model: nn.Module = model) -> None:
            torchviz.make_dot(loss, params=dict(model.named_parameters())).render(
                str(folder / "theirs"), format="svg"
            )

        taken = [(seconds(ours), seconds(theirs)) for _ in range(runs + 1)][1:]
        start = processor_time()
        report = trace.report(loss, model)
        backward = processor_time() - start
        ratio = statistics.median(other / own for own, other in taken)
        own, other = (statistics.median(column) for column in zip(*taken, strict=True))
        good &= ratio >= least
        print(
            f"{name}: {len(report.graph.nodes):,} nodes, gradviz {own:.3f} s, torchviz {other:.3f}"
            f" s: {ratio:.1f} times faster, at least {least:g}  {_said(ratio >= least)}  (a report"
            f" with a backward: {backward:.2f} s)",
            flush=True,
        )
    return good


def unrolled(steps: int, folder: Path) -> tuple[float, int]:
    """Return the seconds from a live loss to both files, and the number of nodes."""
    torch.manual_seed(0)
    model = Recurrent()
    with gradviz.trace() as trace:
        loss = model(torch.randn(4, 8), steps)
    start = processor_time()
    report = trace.report(loss, model)
    report.to_svg(folder / "rnn.svg")
    report.to_html(folder / "rnn.html")
    return processor_time() - start, len(report.graph.nodes)


def peak() -> float:
    """The most memory that this program had so far, in MiB.

    Getrusage would count that of the program which started it.
    """
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


def largest(folder: Path) -> dict[str, float]:
    """Llama-3.1-405B on the meta device.

    Seconds and MiB from before the forward to the picture and the page.
    """
    with torch.device("meta"):
        model = transformers.LlamaForCausalLM(transformers.LlamaConfig(**LLAMA_405B)).train()
        # A mask of four sizes is taken as it is
        ids, mask = torch.zeros(1, 64, dtype=torch.long), torch.zeros(1, 1, 64, 64)
    before = peak()
    start = processor_time()
    with gradviz.trace() as trace:
        loss = model(input_ids=ids, attention_mask=mask, labels=ids, use_cache=False).loss
    report = trace.report(loss, model)
    report.to_svg(folder / "405b.svg")
    report.to_html(folder / "405b.html")
    taken = processor_time() - start
    sizes = {kind: (folder / f"405b.{kind}").stat().st_size / 1024 for kind in ("svg", "html")}
    return {"seconds": taken, "memory": peak() - before, "nodes": len(report.graph.nodes), **sizes}


def _said(good: bool) -> str:
    return "ok" if good else "MISSED"


def main(runs: int = 3) -> int:
    """Measure, print, and return 1 where a bound does not hold."""
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        good = beside_torchviz(runs, folder)

        unrolled(100, folder)
        taken, nodes = unrolled(UNROLLED[0], folder)
        good &= taken <= UNROLLED[1]
        print(
            f"RNN of {UNROLLED[0]:,} steps: {nodes:,} nodes, {taken:.2f} s, at most {UNROLLED[1]:g}"
            f" s  {_said(taken <= UNROLLED[1])}"
        )

        output = subprocess.run(
            [sys.executable, __file__, "largest", name], check=True, capture_output=True, text=True
        ).stdout
        found = json.loads(output.splitlines()[-1])
        holds = found["seconds"] <= LARGEST[0] and found["memory"] <= LARGEST[1]
        good &= holds
        print(
            f"Llama-3.1-405B on meta, forward included: {found['nodes']:,} nodes,"
            f" {found['seconds']:.2f} s, at most {LARGEST[0]:g} s; {found['memory']:.0f} MiB, at"
            f" most {LARGEST[1]:.0f}; a picture of {found['svg']:.0f} KiB, a page of"
            f" {found['html']:.0f}  {_said(holds)}"
        )

        times = [
            statistics.median(unrolled(size // 6, folder)[0] for _ in range(runs)) for size in SIZES
        ]
        slope = exponent(SIZES, times)
        late = [
            size
            for size, taken in zip(SIZES, times, strict=True)
            if taken > WITHIN.get(size, taken)
        ]
        good &= slope <= ALLOWED and not late
        told = ", ".join(
            f"{size:,} nodes {taken:.2f} s" for size, taken in zip(SIZES, times, strict=True)
        )
        print(f"growth: {told}: exponent {slope:.2f}, at most {ALLOWED}  {_said(slope <= ALLOWED)}")
        for size, seconds in WITHIN.items():
            print(f"{size:,} nodes: at most {seconds:g} s  {_said(size not in late)}")
    return 0 if good else 1


if __name__ == "__main__":
    if sys.argv[1:2] == ["largest"]:
        print(json.dumps(largest(Path(sys.argv[2]))))
    else:
        sys.exit(main(*map(int, sys.argv[1:])))
