"""Curvature penalty by torch.func.hessian of an energy whose coupling is detached inside.   Source: no thread (torch.func idiom)"""

import torch
from torch import nn


class N(nn.Module):
    def __init__(self):
        super().__init__()
        self.k = nn.Parameter(torch.randn(2, 2))
        self.c = nn.Parameter(torch.tensor(0.7))

    def energy(self, q):
        return (q @ self.k @ q) * q.square().sum() * self.c.detach()


def step():
    torch.manual_seed(0)
    model = N()
    H = torch.func.hessian(model.energy)(torch.randn(2))
    return H.square().sum(), model


EXPECT = {"k": "reached", "c": "cut"}
CUTS = [("detach", "return (q @ self.k @ q) * q.square().sum() * self.c.detach()")]
