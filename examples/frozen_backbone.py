"""A frozen backbone and a new head: what was frozen stays so, and expects no gradient."""

import torch
from torch import nn

import gradviz


class Classifier(nn.Module):
    """A backbone that was trained before, and a head that is trained now."""

    def __init__(self):
        super().__init__()
        self.backbone = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 8))
        self.head = nn.Linear(8, 3)
        self.backbone.requires_grad_(False)

    def forward(self, x):
        """Return the scores of the three classes."""
        return self.head(self.backbone(x))


def step():
    """Run one step up to the loss."""
    model = Classifier()
    return nn.functional.cross_entropy(model(torch.ones(2, 4)), torch.tensor([0, 1])), model


def undone():
    """Run the same step after somebody thaws everything, as a loop over parameters() does."""
    model = Classifier()
    model.requires_grad_(True)
    return nn.functional.cross_entropy(model(torch.ones(2, 4)), torch.tensor([0, 1])), model


if __name__ == "__main__":
    with gradviz.trace() as trace:
        loss, model = step()
        loss.backward()
    report = trace.report(loss, model)
    print(report)
    report.to_svg("frozen_backbone.svg", engine="embedded")
