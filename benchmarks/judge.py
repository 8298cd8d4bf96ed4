"""Graph and verdicts from a live loss against ``torchviz.make_dot`` for the same graph.

    python benchmarks/judge.py [runs]

The backward that tells zero from reached is not counted (``backward=False``). Bound: less time than torchviz.
"""

import sys

import torchviz
from clock import measure
from models import bert, gpt2, llama32, resnet50

import gradviz

MODELS = {"GPT-2 small": gpt2, "BERT base": bert, "ResNet-50": resnet50, "Llama, 32 layers of 256": llama32}


def main(runs: int = 9) -> int:
    """Measure, print, and return 1 where the bound does not hold."""
    sys.setrecursionlimit(100_000)  # torchviz recurses
    print(f"{'':26} {'nodes':>6} {'make_dot':>11} {'report':>11}  ratio   with backward")
    good = True
    for name, make in MODELS.items():
        forward, model = make()
        with gradviz.trace() as trace:
            loss = forward()
        parameters = dict(model.named_parameters())
        found = measure(
            runs,
            torchviz=lambda loss=loss, parameters=parameters: torchviz.make_dot(loss, params=parameters),
            report=lambda trace=trace, loss=loss, model=model: trace.report(loss, model, backward=False),
            whole=lambda trace=trace, loss=loss, model=model: trace.report(loss, model),
        )
        ratio = found.ratio("report", "torchviz")
        nodes = len(trace.report(loss, model, backward=False).graph.nodes)
        good &= ratio < 1
        print(
            f"{name:26} {nodes:6} {found.median('torchviz') * 1e3:8.1f} ms {found.median('report') * 1e3:8.1f} ms  {ratio:5.2f}   "
            f"{found.median('whole') * 1e3:8.1f} ms  {'ok' if ratio < 1 else 'MISSED'}"
        )
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
