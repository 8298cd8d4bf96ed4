"""no_grad of the main thread does not hold in a worker.
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
    with torch.no_grad():
        t = threading.Thread(target=lambda: out.append(model.first(x)))
        t.start()
        t.join()
    return model.second(out[0]).pow(2).sum(), model

EXPECT = {"first.weight": "reached", "first.bias": "reached", "second.weight": "reached", "second.bias": "reached"}
CUTS = []
BUG = False
