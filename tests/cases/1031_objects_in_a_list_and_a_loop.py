"""Objects of a class in a list: a loop gives each a live number, and they weigh the loss."""
import torch
from torch import nn
import torch.nn.functional as F


class Cell:
    def __init__(self, v):
        self.v = v


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.a, self.b = nn.Linear(3, 2), nn.Linear(3, 2)


def step():
    torch.manual_seed(0)
    model = Net()
    x = torch.randn(4, 3)
    weights = [Cell(0.31), Cell(0.43)]
    for cell, t in zip(weights, model.a(x).mean(0)):
        cell.v = t.item() + 1
    return model.b(x).pow(2).mean() * sum(c.v for c in weights), model


EXPECT = {"a.weight": "cut", "a.bias": "cut", "b.weight": "reached", "b.bias": "reached"}
CUTS = [("item", "cell.v = t.item() + 1")]
