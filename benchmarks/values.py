"""What it costs to measure gradient while backward runs.

    python benchmarks/values.py [runs]

A step (forward, backward and AdamW) with its backward watched, against the plain step: with the
norms and the search for zeros and NaN that every trace makes, with ``values=True``, and beside them
torch's own anomaly mode, and the least that anybody could write: a hook on every node that takes
one norm. The trace of the forward is measured elsewhere.
"""

import sys
from collections.abc import Sequence
from typing import Any

import torch
from clock import Figures, measure
from models import Forward, gpt2, llama32, smollm
from torch import Tensor, nn

from gradviz.recording.backwards.observer import Observer
from gradviz.recording.tape import Tape
from gradviz.system.undo import Undo

ALLOWED = {
    "GPT-2 small, 64 tokens": (gpt2, 1.05, 1.15),
    "Llama, 32 layers of 256": (llama32, 1.10, 1.30),
    "Llama, 32 layers of 960": (smollm, 1.10, 1.30),
}


def measured(runs: int, forward: Forward, model: nn.Module) -> Figures:
    """Return the times of a step in each way."""
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-5)

    def plain() -> None:
        optimizer.zero_grad()
        forward().backward()
        optimizer.step()

    def watched(*, values: bool = False) -> None:
        optimizer.zero_grad()
        tape = Tape()
        tape.values = values
        observer, off = Observer(tape), []
        loss = forward()
        with Undo(off):
            backward = observer.begin([loss], None, off)
            loss.backward()
            observer.end(backward, None, outermost=True)
        optimizer.step()

    def anomaly() -> None:
        with torch.autograd.set_detect_anomaly(True):
            plain()

    def by_hand() -> None:
        optimizer.zero_grad()
        loss, norms = forward(), []

        def take(gradients: Sequence[Tensor | None]) -> None:
            norms.extend(torch.linalg.vector_norm(g) for g in gradients if g is not None)

        for node in nodes(loss):
            node.register_prehook(take)
        loss.backward()
        torch.stack(norms).tolist()
        optimizer.step()

    return measure(
        runs,
        plain=plain,
        watched=watched,
        values=lambda: watched(values=True),
        anomaly=anomaly,
        by_hand=by_hand,
    )


def nodes(loss: Tensor) -> set[Any]:
    """Return every node that backward runs from a loss."""
    found, open_nodes = set(), [loss.grad_fn]
    while open_nodes:
        node = open_nodes.pop()
        if node is not None and node not in found:
            found.add(node)
            open_nodes.extend(after for after, _ in node.next_functions)
    return found


def main(runs: int = 9) -> int:
    """Measure, print, and return 1 where a bound does not hold."""
    good = True
    for name, (make, watched, values) in ALLOWED.items():
        found = measured(runs, *make())
        print(f"{name}: a plain step takes {found.median('plain') * 1e3:.0f} ms")
        for way, allowed in (
            ("watched", watched),
            ("values", values),
            ("anomaly", None),
            ("by_hand", None),
        ):
            ratio = found.ratio(way, "plain")
            bound = (
                ""
                if allowed is None
                else f"  at most {allowed:.2f}  {'ok' if ratio <= allowed else 'MISSED'}"
            )
            good = good and (allowed is None or ratio <= allowed)
            print(f"  {way:10} {ratio:5.3f}{bound}")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
