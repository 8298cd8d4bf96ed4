"""Channels are weighted by the gradient that an inner loss left in .grad.
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
    model.first(x).pow(2).mean().backward()
    w = model.first.weight.grad.abs().mean(0)
    model.first.zero_grad()
    return (model.second(x * w)).pow(2).sum(), model

EXPECT = {"first.weight": "cut", "first.bias": "cut", "second.weight": "reached", "second.bias": "reached"}
CUTS = [('grad_without_graph', 'model.first(x).pow(2).mean().backward()')]
ALT = {CUTS[0][1]: ["w = model.first.weight.grad.abs().mean(0)"]}
