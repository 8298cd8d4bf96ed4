"""An inner optimizer is made with a learned momentum, taken as a number: what it moves depends on it, and it never trains.   Source: no thread (learned optimizers)"""

import torch
from torch import nn


class N(nn.Module):
    def __init__(self):
        super().__init__()
        self.f = nn.Linear(3, 1)
        self.mom = nn.Parameter(torch.tensor(0.3))


def step():
    torch.manual_seed(0)
    model = N()
    fast = torch.zeros(3, requires_grad=True)
    x = torch.randn(5, 3)
    opt = torch.optim.SGD([{"params": [fast], "momentum": float(model.mom)}], lr=0.2)
    for _ in range(3):
        opt.zero_grad()
        (x @ fast - 1).square().mean().backward()
        opt.step()
    return (model.f(x).squeeze() - x @ fast.detach()).square().mean(), model


EXPECT = {"mom": "cut", "f.weight": "reached", "f.bias": "reached"}
CUTS = [("item", 'opt = torch.optim.SGD([{"params": [fast], "momentum": float(model.mom)}], lr=0.2)')]
ALT = {CUTS[0][1]: ["opt.step()", "return (model.f(x).squeeze() - x @ fast.detach()).square().mean(), model"]}
