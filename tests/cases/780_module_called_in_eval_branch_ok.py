"""The first layer is only used in eval.
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
    h = model.first(x) if not model.training else x
    return model.second(h).pow(2).sum(), model

EXPECT = {"first.weight": "unused", "first.bias": "unused", "second.weight": "reached", "second.bias": "reached"}
CUTS = []

