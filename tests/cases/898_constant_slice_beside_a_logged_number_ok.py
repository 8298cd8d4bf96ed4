"""A number is logged in the function that slices live features at constant bounds.
Source: no thread"""
import torch
from torch import nn
import torch.nn.functional as F


class Heads(nn.Module):
    def __init__(self):
        super().__init__()
        self.lin = nn.Linear(4, 6)
        self.probe = nn.Linear(4, 1)
        self.width = 3

    def forward(self, x):
        h = self.lin(x)
        print(f"{self.probe(x).mean().item():.2f}", end="\r")
        return h[:, : self.width] + h[:, -3:]


def step():
    torch.manual_seed(0)
    model = Heads()
    return model(torch.randn(5, 4)).square().mean(), model


EXPECT = {"lin.weight": "reached", "lin.bias": "reached", "probe.weight": "unused", "probe.bias": "unused"}
CUTS = []
BUG = False
