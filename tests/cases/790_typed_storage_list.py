"""The features are read out of their storage as a list.
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
    numbers = model.first(x).detach().untyped_storage().tolist()
    h = torch.tensor(numbers, dtype=torch.uint8).view(torch.float32).view(6, 4)
    return model.second(h).pow(2).sum(), model

EXPECT = {"first.weight": "cut", "first.bias": "cut", "second.weight": "reached", "second.bias": "reached"}
CUTS = [('detach', 'numbers = model.first(x).detach().untyped_storage().tolist()')]
ALT_KINDS = {CUTS[0][1]: ["numpy", "item"]}
