"""R1 penalty of a discriminator: torch.autograd.grad was called without create_graph, so the penalty is a number that moves nothing.
Source: cf. eriklindernoren/PyTorch-GAN#21"""
import torch
from torch import nn
import torch.nn.functional as F


class Disc(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Linear(4, 8)
        self.out = nn.Linear(8, 1, bias=False)

    def forward(self, x):
        return self.out(F.softplus(self.body(x)))


def r1(disc, real):
    real = real.clone().requires_grad_(True)
    grad, = torch.autograd.grad(disc(real).sum(), real)
    return grad.pow(2).sum(1).mean()


def step():
    torch.manual_seed(0)
    model = Disc()
    real, fake = torch.randn(6, 4), torch.randn(6, 4)
    adversarial = F.softplus(-model(real)).mean() + F.softplus(model(fake)).mean()
    return adversarial + 5 * r1(model, real), model


EXPECT = {"body.weight": "reached", "body.bias": "reached", "out.weight": "reached"}
CUTS = [("grad_without_graph", "grad, = torch.autograd.grad(disc(real).sum(), real)")]
PARTIAL = ["body.weight", "body.bias", "out.weight"]
