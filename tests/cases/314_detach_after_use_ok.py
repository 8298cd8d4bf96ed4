"""An intermediate result is detached in place after the head has consumed it, to keep it as next step's memory. Nothing of this
step's loss is severed.   Source: no thread (detach_ documentation)"""
import torch
from torch import nn
import torch.nn.functional as F


class Memory(nn.Module):
    def __init__(self):
        super().__init__()
        self.enc = nn.Linear(4, 4)
        self.head = nn.Linear(4, 2)
        self.last = None

    def forward(self, x):
        h = self.enc(x)
        y = self.head(F.silu(x + h))
        self.last = h.detach_()
        return y


def step():
    torch.manual_seed(0)
    model = Memory()
    return F.cross_entropy(model(torch.randn(4, 4)), torch.tensor([0, 1, 1, 0])), model


EXPECT = {"enc.weight": "reached", "enc.bias": "reached", "head.weight": "reached", "head.bias": "reached"}
CUTS = []
BUG = False
