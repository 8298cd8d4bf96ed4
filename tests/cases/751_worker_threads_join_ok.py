"""Two encoders run in threads with gradient; all fine.
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
    out = {}
    threads = [threading.Thread(target=lambda i=i, rows=rows: out.__setitem__(i, model.first(rows))) for i, rows in enumerate(x.chunk(2))]
    [t.start() for t in threads]
    [t.join() for t in threads]
    return model.second(torch.cat([out[0], out[1]])).pow(2).sum(), model

EXPECT = {"first.weight": "reached", "first.bias": "reached", "second.weight": "reached", "second.bias": "reached"}
CUTS = []
BUG = False
