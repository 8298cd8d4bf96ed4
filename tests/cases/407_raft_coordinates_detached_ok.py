"""RAFT: the flow estimate is detached at the start of every refinement, each iteration has its own loss.
Source: princeton-vl/RAFT idiom"""
import torch
from torch import nn


class RAFT(nn.Module):
    def __init__(self):
        super().__init__()
        self.context = nn.Linear(4, 5)
        self.update = nn.GRUCell(2, 5)
        self.delta = nn.Linear(5, 2)

    def forward(self, x, iters=3):
        h = torch.tanh(self.context(x))
        coords, flows = torch.zeros(x.shape[0], 2), []
        for _ in range(iters):
            coords = coords.detach()
            h = self.update(coords, h)
            coords = coords + self.delta(h)
            flows.append(coords)
        return flows


def step():
    torch.manual_seed(0)
    model = RAFT()
    target = torch.randn(5, 2)
    return sum(0.8 ** (2 - i) * (f - target).abs().mean() for i, f in enumerate(model(torch.randn(5, 4)))), model


EXPECT = {k: "reached" for k in ("context.weight", "context.bias", "update.weight_ih", "update.weight_hh", "update.bias_ih",
                                 "update.bias_hh", "delta.weight", "delta.bias")}
CUTS = [("detach", "coords = coords.detach()")]
PARTIAL = list(EXPECT)
BUG = False
