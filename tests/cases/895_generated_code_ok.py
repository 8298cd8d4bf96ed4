"""The same generated forward without a detach trains as any other.
Source: no thread"""
import torch
from torch import nn
import torch.nn.functional as F

TEMPLATE = "def forward(model, x):\n    return model[1](model[0](x).relu())\n"


def step():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(3, 4), nn.Linear(4, 2))
    space = {}
    exec(TEMPLATE, space)
    logits = space["forward"](model, torch.randn(5, 3))
    return F.cross_entropy(logits, torch.randint(2, (5,))), model


EXPECT = {"0.weight": "reached", "0.bias": "reached", "1.weight": "reached", "1.bias": "reached"}
CUTS = []
BUG = False
