"""The number that a layer kept is replaced by a setting before the loss reads it."""
import torch
from torch import nn
import torch.nn.functional as F


class Layer(nn.Module):
    def __init__(self):
        super().__init__()
        self.s = nn.Parameter(torch.rand(3))
        self.w = nn.Parameter(torch.randn(3))

    def forward(self, x):
        self.rate = self.s.mean().item()
        return (x * self.w).sum()


def step():
    torch.manual_seed(0)
    model = nn.Sequential(Layer())
    y = model(torch.randn(3))
    rates = {0: 0.8765432}
    for k, layer in enumerate(model):
        layer.rate = rates[k]
    loss = y * sum(m.rate for m in model.modules() if isinstance(m, Layer))
    return loss, model


EXPECT = {"0.s": "unused", "0.w": "reached"}
CUTS = []
BUG = False
