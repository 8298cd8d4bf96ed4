"""A buffer is set to the features' memory.
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
    buffer = torch.empty(0)
    buffer.set_(model.first(x).detach())
    return model.second(buffer).pow(2).sum(), model

EXPECT = {"first.weight": "cut", "first.bias": "cut", "second.weight": "reached", "second.bias": "reached"}
CUTS = [('detach', 'buffer.set_(model.first(x).detach())')]
ALT_KINDS = {CUTS[0][1]: ["data"]}
