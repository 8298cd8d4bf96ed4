"""A list of features is cut at a learned number, and what is left of it is summed.
Source: no thread"""
import torch
from torch import nn
import torch.nn.functional as F


class Deep(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.ModuleList(nn.Linear(4, 4) for _ in range(3))
        self.depth = nn.Parameter(torch.tensor(2.4))

    def forward(self, x):
        kept = []
        for layer in self.layers:
            x = torch.tanh(layer(x))
            kept.append(x)
        depth = int(self.depth)
        return torch.stack(kept[:depth]).mean(0)


def step():
    torch.manual_seed(0)
    model = Deep()
    return model(torch.randn(5, 4)).square().mean(), model


EXPECT = {**{f"layers.{i}.{k}": "reached" for i in range(2) for k in ("weight", "bias")}, "layers.2.weight": "unused", "layers.2.bias": "unused", "depth": "cut"}
CUTS = [("item", "depth = int(self.depth)")]
