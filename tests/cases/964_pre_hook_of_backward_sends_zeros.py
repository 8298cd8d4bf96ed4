"""A hook before the backward of a block sends zeros: the block stands still.   Source: no thread (register_full_backward_pre_hook)"""

import torch
from torch import nn
import torch.nn.functional as F


class N(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Linear(3, 4)
        self.head = nn.Linear(4, 2)

    def forward(self, x):
        return self.head(torch.relu(self.body(x)))


def step():
    torch.manual_seed(0)
    model = N()
    model.body.register_full_backward_pre_hook(lambda m, g: tuple(torch.zeros_like(v) for v in g))
    return F.cross_entropy(model(torch.randn(4, 3)), torch.tensor([0, 1, 1, 0])), model


EXPECT = {"body.weight": "zero", "body.bias": "zero", "head.weight": "reached", "head.bias": "reached"}
CUTS = [("hook", "model.body.register_full_backward_pre_hook(lambda m, g: tuple(torch.zeros_like(v) for v in g))")]
