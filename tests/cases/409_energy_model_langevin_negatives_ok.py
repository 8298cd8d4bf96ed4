"""Energy-based model: negatives come from Langevin steps on the input, whose gradient is taken without create_graph; the energy is
trained on the finished samples.   Source: no thread (EBM idiom)"""
import torch
from torch import nn


class Energy(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = nn.Linear(3, 6)
        self.b = nn.Linear(6, 1, bias=False)

    def forward(self, x):
        return self.b(torch.nn.functional.silu(self.a(x))).squeeze(-1)


def langevin(energy, x, steps=3):
    x = x.clone().requires_grad_(True)
    for _ in range(steps):
        force, = torch.autograd.grad(energy(x).sum(), x)
        with torch.no_grad():
            x.sub_(0.1 * force)
    return x.data


def step():
    torch.manual_seed(0)
    model = Energy()
    real = torch.randn(6, 3)
    fake = langevin(model, torch.rand(6, 3))
    e_real, e_fake = model(real), model(fake)
    return (e_real - e_fake).mean() + 0.1 * (e_real.pow(2) + e_fake.pow(2)).mean(), model


EXPECT = {"a.weight": "reached", "a.bias": "reached", "b.weight": "reached"}
CUTS = [("grad_without_graph", "force, = torch.autograd.grad(energy(x).sum(), x)")]
LIBRARY_CUTS = ["return x.data", "x.sub_(0.1 * force)", "x = x.clone().requires_grad_(True)"]  # x is a leaf with nothing behind it
PARTIAL = list(EXPECT)
BUG = False
