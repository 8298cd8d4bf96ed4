"""Graph and verdicts from a live loss against ``torchviz.make_dot`` for the same graph.

    python benchmarks/judge.py [runs]

Every time on a graph that nobody has looked at before: the first walk makes torch's Python objects
for the nodes, and a second report of the same trace takes about a quarter less. The backward that
tells zero from reached is not counted (``backward=False``). Bound: less time than torchviz.
"""

import sys
from collections.abc import Callable
from functools import partial

import torchviz
from clock import measure
from models import Forward, bert, gpt2, llama32, resnet50
from torch import nn

import gradviz

MODELS = {
    "GPT-2 small": gpt2,
    "BERT base": bert,
    "ResNet-50": resnet50,
    "Llama, 32 layers of 256": llama32,
}


def drawing_of(forward: Forward, model: nn.Module) -> Callable[[], object]:
    """Compute a loss; return what lets torchviz draw it."""
    loss = forward()
    return lambda: torchviz.make_dot(loss, params=dict(model.named_parameters()))


def report_of(
    forward: Forward, model: nn.Module, *, backward: bool
) -> Callable[[], gradviz.Report]:
    """Trace a forward; return what reports on it."""
    with gradviz.trace() as trace:
        loss = forward()
    return lambda: trace.report(loss, model, backward=backward)


def main(runs: int = 9) -> int:
    """Measure, print, and return 1 where the bound does not hold."""
    sys.setrecursionlimit(100_000)  # torchviz recurses
    print(f"{'':26} {'nodes':>6} {'make_dot':>11} {'report':>11}  ratio   with backward")
    good = True
    for name, make in MODELS.items():
        forward, model = make()
        nodes = len(report_of(forward, model, backward=False)().graph.nodes)
        found = measure(
            runs,
            torchviz=partial(drawing_of, forward, model),
            report=partial(report_of, forward, model, backward=False),
            whole=partial(report_of, forward, model, backward=True),
        )
        ratio = found.ratio("report", "torchviz")
        good &= ratio < 1
        print(
            f"{name:26} {nodes:6} {found.median('torchviz') * 1e3:8.1f} ms"
            f" {found.median('report') * 1e3:8.1f} ms  {ratio:5.2f}  "
            f" {found.median('whole') * 1e3:8.1f} ms  {'ok' if ratio < 1 else 'MISSED'}"
        )
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
