"""An old-style capsule carries the features.
Source: no thread"""
import torch
from torch import nn
import torch.nn.functional as F
from torch.utils.dlpack import from_dlpack, to_dlpack

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Linear(4, 4)
        self.second = nn.Linear(4, 3)


def step():
    torch.manual_seed(0)
    model = Net()
    x = torch.randn(6, 4)
    h = from_dlpack(to_dlpack(model.first(x).detach()))
    return model.second(h).pow(2).sum(), model

EXPECT = {"first.weight": "cut", "first.bias": "cut", "second.weight": "reached", "second.bias": "reached"}
CUTS = [('detach', 'h = from_dlpack(to_dlpack(model.first(x).detach()))')]
ALT_KINDS = {CUTS[0][1]: ["numpy"]}
