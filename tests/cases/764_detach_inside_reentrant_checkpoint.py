"""The block that a checkpoint runs detaches in the middle.
Source: no thread"""
import torch
from torch import nn
import torch.nn.functional as F
from torch.utils.checkpoint import checkpoint

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Linear(4, 4)
        self.second = nn.Linear(4, 3)


def step():
    torch.manual_seed(0)
    model = Net()
    x = torch.randn(6, 4)
    def block(h):
        return model.second(model.first(h).detach() + h)
    return checkpoint(block, x.requires_grad_(), use_reentrant=True).pow(2).sum(), model

EXPECT = {"first.weight": "cut", "first.bias": "cut", "second.weight": "reached", "second.bias": "reached"}
CUTS = [('detach', 'return model.second(model.first(h).detach() + h)')]
BACKWARD_ONLY = True
UNREGISTERED = 1
