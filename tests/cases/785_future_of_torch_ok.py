"""A torch future carries the features with gradient.
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
    future = torch.futures.Future()
    future.set_result(model.first(x))
    return model.second(future.wait()).pow(2).sum(), model

EXPECT = {"first.weight": "reached", "first.bias": "reached", "second.weight": "reached", "second.bias": "reached"}
CUTS = []
BUG = False
