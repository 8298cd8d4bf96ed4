"""A checkpointed block with dropout mask computed from the input.
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
        return model.second(model.first(h) * (h > 0))
    return checkpoint(block, x.requires_grad_(), use_reentrant=True).pow(2).sum(), model

EXPECT = {"first.weight": "reached", "first.bias": "reached", "second.weight": "reached", "second.bias": "reached"}
CUTS = []
BUG = False
BACKWARD_ONLY = True
UNREGISTERED = 1
