"""Two batches through one norm in training: its statistics are not read.
Source: no thread"""
import torch
from torch import nn
import torch.nn.functional as F


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Linear(4, 4)
        self.second = nn.Linear(4, 3)


def step():
    torch.manual_seed(0)
    model = Net()
    x = torch.randn(6, 4)
    norm = nn.BatchNorm1d(4)
    a, b = norm(model.first(x)), norm(model.first(x + 1))
    return model.second(a - b).pow(2).sum(), model

EXPECT = {"first.weight": "reached", "first.bias": "reached", "second.weight": "reached", "second.bias": "reached"}
CUTS = []
BUG = False
UNREGISTERED = 2
