"""The input's gradient is fed to the second layer.
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
    seen = x.clone().requires_grad_()
    model.first(seen).pow(2).sum().backward()
    return model.second(seen.grad).pow(2).sum(), model

EXPECT = {"first.weight": "cut", "first.bias": "cut", "second.weight": "reached", "second.bias": "reached"}
CUTS = [('grad_without_graph', 'model.first(seen).pow(2).sum().backward()')]
ALT = {CUTS[0][1]: ["return model.second(seen.grad).pow(2).sum(), model"]}
