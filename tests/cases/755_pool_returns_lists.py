"""The pool's jobs return plain lists.
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
        rows = list(pool.map(lambda row: model.first(row).tolist(), x))
    return model.second(torch.tensor(rows)).pow(2).sum(), model

EXPECT = {"first.weight": "cut", "first.bias": "cut", "second.weight": "reached", "second.bias": "reached"}
CUTS = [('item', 'rows = list(pool.map(lambda row: model.first(row).tolist(), x))')]
ALT = {CUTS[0][1]: ["return model.second(torch.tensor(rows)).pow(2).sum(), model"]}
ALT_KINDS = {CUTS[0][1]: ["new_tensor"]}
