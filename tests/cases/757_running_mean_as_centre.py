"""The centre is the running mean of a norm that saw the features.
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
    norm = nn.BatchNorm1d(4, affine=False)
    norm(model.first(x))
    return (model.second(x) - norm.running_mean[:3]).pow(2).sum(), model

EXPECT = {"first.weight": "cut", "first.bias": "cut", "second.weight": "reached", "second.bias": "reached"}
CUTS = [('copy_under_no_grad', 'norm(model.first(x))')]
ALT_KINDS = {CUTS[0][1]: ["no_grad", "non_differentiable", "detach", "data"]}
