"""A hand-written batch norm normalises with running statistics even in training: they are updated under no_grad from the live batch,
so the normalisation's own gradient is missing.   Source: no thread (idiom; hand-written batch renormalisation)"""
import torch
from torch import nn
import torch.nn.functional as F


class RunningNorm(nn.Module):
    def __init__(self, d):
        super().__init__()
        self.register_buffer("mean", torch.zeros(d))
        self.register_buffer("var", torch.ones(d))
        self.gain = nn.Parameter(torch.ones(d))

    @torch.no_grad()
    def update(self, x):
        self.mean.lerp_(x.mean(0), 0.5)
        self.var.lerp_(x.var(0), 0.5)

    def forward(self, x):
        self.update(x)
        return self.gain * (x - self.mean) / (self.var + 1e-5).sqrt()


def step():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(4, 5), RunningNorm(5), nn.Tanh(), nn.Linear(5, 2))
    return F.cross_entropy(model(torch.randn(8, 4)), torch.tensor([0, 1] * 4)), model


EXPECT = {"0.weight": "reached", "0.bias": "reached", "1.gain": "reached", "3.weight": "reached", "3.bias": "reached"}
CUTS = [("no_grad", "self.mean.lerp_(x.mean(0), 0.5)"), ("no_grad", "self.var.lerp_(x.var(0), 0.5)")]
ALT = {c[1]: ["@torch.no_grad()", "def update(self, x):", "self.update(x)"] for c in CUTS}
ALT_KINDS = {c[1]: ["copy_under_no_grad"] for c in CUTS}
PARTIAL = ["0.weight", "0.bias"]
