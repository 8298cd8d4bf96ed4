"""Rows through a pool of threads, gradient kept.
Source: no thread"""
import torch
from torch import nn
import torch.nn.functional as F
from concurrent.futures import ThreadPoolExecutor

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Linear(4, 4)
        self.second = nn.Linear(4, 3)


def step():
    torch.manual_seed(0)
    model = Net()
    x = torch.randn(6, 4)
    with ThreadPoolExecutor(2) as pool:
        rows = list(pool.map(model.first, x))
    return model.second(torch.stack(rows)).pow(2).sum(), model

EXPECT = {"first.weight": "reached", "first.bias": "reached", "second.weight": "reached", "second.bias": "reached"}
CUTS = []
BUG = False
