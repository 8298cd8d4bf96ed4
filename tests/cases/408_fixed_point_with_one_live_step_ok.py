"""Deep equilibrium layer with the one-step gradient: the fixed point is iterated under no_grad, then one step is recorded.
Source: no thread (DEQ, Jacobian-free backpropagation)"""
import torch
from torch import nn
import torch.nn.functional as F


class DEQ(nn.Module):
    def __init__(self):
        super().__init__()
        self.inject = nn.Linear(4, 5)
        self.w = nn.Parameter(torch.randn(5, 5) * 0.1)
        self.head = nn.Linear(5, 2)

    def cell(self, z, u):
        return torch.tanh(z @ self.w + u)

    def forward(self, x):
        u = self.inject(x)
        z = torch.zeros_like(u)
        with torch.no_grad():
            for _ in range(6):
                z = self.cell(z, u)
        return self.head(self.cell(z, u))


def step():
    torch.manual_seed(0)
    model = DEQ()
    return F.cross_entropy(model(torch.randn(6, 4)), torch.tensor([0, 1, 0, 1, 0, 1])), model


EXPECT = {"inject.weight": "reached", "inject.bias": "reached", "w": "reached", "head.weight": "reached", "head.bias": "reached"}
CUTS = [("no_grad", "return torch.tanh(z @ self.w + u)")]
ALT = {CUTS[0][1]: ["with torch.no_grad():", "z = self.cell(z, u)"]}
PARTIAL = ["inject.weight", "inject.bias", "w"]
BUG = False
