"""The strength of a penalty is live in the inner loss, whose backward ends before the outer loss reads the leaf that was moved.
Source: no thread"""
import torch
from torch import nn
import torch.nn.functional as F


class Penalty(nn.Module):
    def __init__(self):
        super().__init__()
        self.strength = nn.Parameter(torch.tensor(0.2))


def step():
    torch.manual_seed(0)
    model = Penalty()
    w = torch.zeros(1, 3, requires_grad=True)
    optimizer = torch.optim.SGD([w], lr=0.1)
    x = torch.randn(8, 3)
    y = x.sum(1, keepdim=True)
    for _ in range(2):
        optimizer.zero_grad()
        inner = F.mse_loss(x @ w.T, y) + model.strength.exp() * w.square().sum()
        inner.backward()
        optimizer.step()
    model.zero_grad()
    return F.mse_loss(x @ w.T, y), model


EXPECT = {"strength": "cut"}
CUTS = [("grad_without_graph", "inner.backward()")]
UNREGISTERED = 1
