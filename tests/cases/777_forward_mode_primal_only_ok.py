"""Only the primal is used; the tangent is dropped.
Source: no thread"""
import torch
from torch import nn
import torch.nn.functional as F
import torch.autograd.forward_ad as fwAD

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Linear(4, 4)
        self.second = nn.Linear(4, 3)


def step():
    torch.manual_seed(0)
    model = Net()
    x = torch.randn(6, 4)
    with fwAD.dual_level():
        out = model.first(fwAD.make_dual(x, torch.ones_like(x)))
        value = fwAD.unpack_dual(out).primal
    return (model.second(value)).pow(2).sum(), model

EXPECT = {"first.weight": "reached", "first.bias": "reached", "second.weight": "reached", "second.bias": "reached"}
CUTS = []
BUG = False
