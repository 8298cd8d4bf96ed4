"""LoRA: the base is frozen, B learns at once, and A gets zeros as long as B is zero."""

import torch
from torch import nn

import gradviz


class LoRA(nn.Module):
    """A linear layer with a trainable update of low rank beside it."""

    def __init__(self, width, rank):
        super().__init__()
        self.base = nn.Linear(width, width).requires_grad_(False)
        self.A = nn.Parameter(torch.ones(rank, width))
        self.B = nn.Parameter(torch.zeros(width, rank))

    def forward(self, x):
        """Return what the layer says, and the update."""
        return self.base(x) + x @ self.A.T @ self.B.T


def step():
    """Run the first step up to the loss."""
    model = nn.Sequential(LoRA(4, 2), nn.Linear(4, 1).requires_grad_(False))
    return model(torch.ones(2, 4)).square().mean(), model


def later():
    """Run a step in which B is no longer zero."""
    model = nn.Sequential(LoRA(4, 2), nn.Linear(4, 1).requires_grad_(False))
    nn.init.ones_(model[0].B)
    return model(torch.ones(2, 4)).square().mean(), model


if __name__ == "__main__":
    with gradviz.trace() as trace:
        loss, model = step()
        loss.backward()
    report = trace.report(loss, model)
    print(report)
    report.to_svg("lora.svg", engine="embedded")
