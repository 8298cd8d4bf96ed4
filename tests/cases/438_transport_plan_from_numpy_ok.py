"""Optimal transport loss: the plan is solved in numpy on the detached cost and multiplied with the live cost, as the envelope theorem
allows.   Source: no thread (POT idiom)"""
import numpy as np
import torch
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.f = nn.Linear(3, 2)
        self.g = nn.Linear(4, 2)


def sinkhorn(cost, steps=5):
    k = np.exp(-cost / 0.5)
    u = np.ones(len(k))
    for _ in range(steps):
        v = 1 / (k.T @ u)
        u = 1 / (k @ v)
    return u[:, None] * k * v / len(k)


def step():
    torch.manual_seed(0)
    model = Net()
    cost = torch.cdist(model.f(torch.randn(5, 3)), model.g(torch.randn(5, 4)))
    array = cost.cpu().detach().numpy()
    plan = torch.tensor(sinkhorn(array), dtype=cost.dtype)
    return (plan * cost).sum(), model


EXPECT = {"f.weight": "reached", "f.bias": "reached", "g.weight": "reached", "g.bias": "reached"}
CUTS = [("numpy", "array = cost.cpu().detach().numpy()")]
ALT_KINDS = {CUTS[0][1]: ["detach"]}
PARTIAL = list(EXPECT)
BUG = False
