"""Blocks keep their last gate value for a plot; the trainer reads another attribute of the same blocks."""
import torch
from torch import nn
import torch.nn.functional as F


class Block(nn.Module):
    def __init__(self, scale):
        super().__init__()
        self.gate = nn.Parameter(torch.randn(4))
        self.lin = nn.Linear(4, 4)
        self.scale = scale

    def forward(self, x):
        self.last = self.gate.sigmoid().mean().item() * 100
        return x + self.lin(x)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.blocks = nn.ModuleList(Block(s) for s in (0.731234, 0.2912345))

    def forward(self, x):
        for b in self.blocks:
            x = b(x)
        return x


def step():
    torch.manual_seed(0)
    model = Net()
    out = model(torch.randn(3, 4))
    loss = out.pow(2).mean() * sum(b.scale for b in model.blocks)
    plot = [b.last for b in model.blocks]
    return loss, model


EXPECT = {f"blocks.{i}.{k}": v for i in (0, 1) for k, v in (("gate", "unused"), ("lin.weight", "reached"), ("lin.bias", "reached"))}
CUTS = []
BUG = False
