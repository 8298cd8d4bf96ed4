"""Losses, a weight and a number for the log stand in one dict; a meter counts beside a sum.
Source: no thread"""
import torch
from torch import nn
import torch.nn.functional as F


class Meter:
    def __init__(self):
        self.total, self.count = 0.0, 0

    def update(self, value, n):
        self.total += value * n
        self.count += n


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.enc, self.dec = nn.Linear(4, 3), nn.Linear(3, 4)

    def forward(self, x):
        z = self.enc(x)
        loss = F.mse_loss(self.dec(z), x)
        norm = z.square().mean()
        return loss, norm


def step():
    torch.manual_seed(0)
    model = Net()
    x = torch.randn(6, 4)
    loss, norm = model(x)
    out = {"loss": loss, "norm": norm, "value": norm.item(), "beta": 0.1}
    meter = Meter()
    meter.update(out["loss"].item(), len(x))
    row = [0, out["loss"].item(), 0.5]
    return (out["loss"] + out["beta"] * out["norm"]) * row[2] / meter.count, model


EXPECT = {"enc.weight": "reached", "enc.bias": "reached", "dec.weight": "reached", "dec.bias": "reached"}
CUTS = []
BUG = False
