"""A thread logs the mean of features; the loss does not use them.
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
    seen = []
    t = threading.Thread(target=lambda: seen.append(model.first(x).mean().item()))
    t.start()
    t.join()
    return model.second(x).pow(2).sum(), model

EXPECT = {"first.weight": "unused", "first.bias": "unused", "second.weight": "reached", "second.bias": "reached"}
CUTS = []

