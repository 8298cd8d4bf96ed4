"""Largest of each key scales the loss.
Source: no thread"""
import torch
from torch import nn


class Meter:
    def __init__(self):
        self.rows = []

    def __call__(self, **values):
        self.rows.append(values)

    def largest(self):
        return {key: max(row[key] for row in self.rows) for key in self.rows[0]}


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.head, self.spread = nn.Linear(3, 1), nn.Linear(3, 1)


def step():
    torch.manual_seed(0)
    model = Net()
    x, meter, loss = torch.randn(6, 3), Meter(), 0.0
    for turn in range(3):
        meter(spread=model.spread(x).exp().mean().item() * (turn + 1), turn=turn)
        loss = loss + model.head(x).square().mean() / (turn + 1)
    return loss * meter.largest()["spread"], model


EXPECT = {'head.weight': 'reached', 'head.bias': 'reached', 'spread.weight': 'cut', 'spread.bias': 'cut'}
CUTS = [('item', 'meter(spread=model.spread(x).exp().mean().item() * (turn + 1), turn=turn)')]
