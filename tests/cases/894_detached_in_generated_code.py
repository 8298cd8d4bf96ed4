"""A forward that a program writes and exec() runs: nobody can read its lines, but the one that runs it.
Source: no thread"""
import torch
from torch import nn
import torch.nn.functional as F

TEMPLATE = "def forward(model, x):\n    hidden = model[0](x).relu()\n    return model[1](hidden{})\n"


def step():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(3, 4), nn.Linear(4, 2))
    space = {}
    exec(TEMPLATE.format(".detach()"), space)
    logits = space["forward"](model, torch.randn(5, 3))
    return F.cross_entropy(logits, torch.randint(2, (5,))), model


EXPECT = {"0.weight": "cut", "0.bias": "cut", "1.weight": "reached", "1.bias": "reached"}
CUTS = [("detach", 'logits = space["forward"](model, torch.randn(5, 3))')]
