"""The step decides in python on live values: iterate until the residual is small, rescale when the norm is large. The decisions carry
no gradient and need none; every value that is used stays live.   Source: no thread (idiom)"""
import torch
from torch import nn
import torch.nn.functional as F


class Solver(nn.Module):
    def __init__(self):
        super().__init__()
        self.inject = nn.Linear(3, 4)
        self.w = nn.Parameter(torch.randn(4, 4) * 0.1)
        self.out = nn.Linear(4, 2)

    def forward(self, x):
        u = self.inject(x)
        z, residual, count = torch.zeros_like(u), torch.tensor(1.0), 0
        while residual > 1e-3 and count < 20:
            new = torch.tanh(z @ self.w + u)
            residual, z, count = (new - z).norm(), new, count + 1
        if z.norm().item() > 1.0:
            z = z / z.norm()
        return self.out(z)


def step():
    torch.manual_seed(0)
    model = Solver()
    return F.cross_entropy(model(torch.randn(4, 3)), torch.tensor([0, 1, 0, 1])), model


EXPECT = {"inject.weight": "reached", "inject.bias": "reached", "w": "reached", "out.weight": "reached", "out.bias": "reached"}
CUTS = []
LIBRARY_CUTS = ["while residual > 1e-3 and count < 20:", "if z.norm().item() > 1.0:"]  # control dependence: a matter of taste
BUG = False
