"""A state-space layer caches its convolution kernel, and the cache is filled under no_grad: D and the mixing layer train, the state
matrices are used by every forward and never move.   Source: cf. state-spaces/s4#26"""
import torch
from torch import nn
import torch.nn.functional as F


class SSM(nn.Module):
    def __init__(self, n=3, length=6):
        super().__init__()
        self.log_a = nn.Parameter(torch.rand(n))
        self.c = nn.Parameter(torch.randn(n))
        self.d = nn.Parameter(torch.ones(1))
        self.length = length
        self.cache = None

    def kernel(self):
        if self.cache is None:
            with torch.no_grad():
                decay = torch.exp(-torch.outer(torch.arange(self.length), self.log_a.exp()))
                self.cache = decay @ self.c
        return self.cache

    def forward(self, u):
        k = self.kernel()
        y = torch.stack([(u[:, :t + 1] * k[:t + 1].flip(0)).sum(1) for t in range(self.length)], 1)
        return y + self.d * u


class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.ssm = SSM()
        self.out = nn.Linear(6, 2)


def step():
    torch.manual_seed(0)
    model = Model()
    return F.cross_entropy(model.out(torch.tanh(model.ssm(torch.randn(4, 6)))), torch.tensor([0, 1, 0, 1])), model


EXPECT = {"ssm.log_a": "cut", "ssm.c": "cut", "ssm.d": "reached", "out.weight": "reached", "out.bias": "reached"}
CUTS = [("no_grad", "decay = torch.exp(-torch.outer(torch.arange(self.length), self.log_a.exp()))"),
        ("no_grad", "self.cache = decay @ self.c")]
ALT = {c[1]: ["with torch.no_grad():", "k = self.kernel()"] for c in CUTS}
