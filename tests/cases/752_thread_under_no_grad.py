"""Grad mode belongs to a thread: a no_grad inside the worker severs.
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
    out = []
    def work():
        with torch.no_grad():
            out.append(model.first(x))
    t = threading.Thread(target=work)
    t.start()
    t.join()
    return model.second(out[0]).pow(2).sum(), model

EXPECT = {"first.weight": "cut", "first.bias": "cut", "second.weight": "reached", "second.bias": "reached"}
CUTS = [('no_grad', 'out.append(model.first(x))')]
ALT = {"out.append(model.first(x))": ["with torch.no_grad():"]}
