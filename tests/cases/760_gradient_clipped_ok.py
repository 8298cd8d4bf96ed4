"""Two backwards with clipping between; .grad only scaled.
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
    model.second(model.first(x)).mean().backward()
    nn.utils.clip_grad_norm_(model.parameters(), 0.1)
    model.zero_grad()
    return model.second(model.first(x)).pow(2).sum(), model

EXPECT = {"first.weight": "reached", "first.bias": "reached", "second.weight": "reached", "second.bias": "reached"}
CUTS = []
BUG = False
