"""Two ways to keep f2 from training, and what each does to the layers around it.

Change it and run it again with ``python examples/freeze.py``.
"""

import torch
from torch import nn

import gradviz


def step(freeze):
    """Run f1, f2 and f3 in a row, up to the loss."""
    model = nn.ModuleDict({"f1": nn.Linear(1, 2), "f2": nn.Linear(2, 3), "f3": nn.Linear(3, 2)})
    if freeze == "requires_grad":
        model["f2"].requires_grad_(False)
    h = model["f1"](torch.tensor([[1.0]]))
    h = model["f2"](h)
    if freeze == "detach":
        h = h.detach()
    loss = model["f3"](h).sum()
    return loss, model


for freeze in ("nothing", "requires_grad", "detach"):
    with gradviz.trace() as trace:
        loss, model = step(freeze)
        loss.backward()
    report = trace.report(loss, model)
    print(f"Freezing {freeze}")
    print(report)
    report.to_svg(f"freeze-{freeze}.svg")
