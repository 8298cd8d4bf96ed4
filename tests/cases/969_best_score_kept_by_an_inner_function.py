"""Calibration: an inner function keeps the best score, a number, which scales the logits.   Source: no thread (callback idiom)"""

import torch
from torch import nn
import torch.nn.functional as F


class N(nn.Module):
    def __init__(self):
        super().__init__()
        self.f = nn.Linear(3, 2)
        self.g = nn.Linear(3, 1)


def calibrate(model, xs):
    best = 0.0

    def visit(x):
        nonlocal best
        best = max(best, model.g(x).abs().sum().item())

    for x in xs.split(2):
        visit(x)
    return best


def step():
    torch.manual_seed(0)
    model = N()
    x = torch.randn(4, 3)
    scale = calibrate(model, x)
    return F.cross_entropy(model.f(x) * (scale + 1), torch.tensor([0, 1, 1, 0])), model


EXPECT = {"f.weight": "reached", "f.bias": "reached", "g.weight": "cut", "g.bias": "cut"}
CUTS = [("item", "best = max(best, model.g(x).abs().sum().item())")]
