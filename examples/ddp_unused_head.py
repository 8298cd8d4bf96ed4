"""A head that this step does not use, which DistributedDataParallel stops with an error for."""

import torch
from torch import nn
from torch.nn.functional import cross_entropy

import gradviz


class TwoHeads(nn.Module):
    """A trunk with two heads, of which a batch asks for one."""

    def __init__(self):
        super().__init__()
        self.trunk = nn.Linear(4, 4)
        self.depth_head = nn.Linear(4, 1)
        self.class_head = nn.Linear(4, 3)

    def forward(self, x, task):
        """Return what the head of the task says."""
        return getattr(self, f"{task}_head")(self.trunk(x))


def step():
    """Run one step up to the loss, on a batch of one task."""
    model = TwoHeads()
    return cross_entropy(model(torch.ones(2, 4), "class"), torch.tensor([0, 1])), model


if __name__ == "__main__":
    with gradviz.trace() as trace:
        loss, model = step()
        loss.backward()
    report = trace.report(loss, model)
    print(report)
    report.to_svg("ddp_unused_head.svg", engine="embedded")
