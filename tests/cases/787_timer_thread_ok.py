"""A timer runs a check of the weights; the loss is its own.
Source: no thread"""
import torch
from torch import nn
import torch.nn.functional as F
import threading

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Linear(4, 4)
        self.second = nn.Linear(4, 3)


def step():
    torch.manual_seed(0)
    model = Net()
    x = torch.randn(6, 4)
    norms = []
    t = threading.Timer(0, lambda: norms.append(model.first.weight.norm().item()))
    t.start()
    t.join()
    return model.second(model.first(x)).pow(2).sum(), model

EXPECT = {"first.weight": "reached", "first.bias": "reached", "second.weight": "reached", "second.bias": "reached"}
CUTS = []
BUG = False
