"""Features are moved to shared memory, read by numpy and back.
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
    h = model.first(x).detach().share_memory_()
    return model.second(torch.from_numpy(h.numpy() * 2)).pow(2).sum(), model

EXPECT = {"first.weight": "cut", "first.bias": "cut", "second.weight": "reached", "second.bias": "reached"}
CUTS = [('detach', 'h = model.first(x).detach().share_memory_()')]
ALT_KINDS = {CUTS[0][1]: ["numpy"]}
ALT = {CUTS[0][1]: ["return model.second(torch.from_numpy(h.numpy() * 2)).pow(2).sum(), model"]}
