"""Diffusion: the noise embedding is a Parameter built with requires_grad=False inside a helper module; the net trains."""
import torch
from torch import nn


class Fourier(nn.Module):
    def __init__(self, n):
        super().__init__()
        self.w = nn.Parameter(torch.randn(n), requires_grad=False)

    def forward(self, t):
        return torch.cat([(t[:, None] * self.w).sin(), (t[:, None] * self.w).cos()], 1)


def step():
    torch.manual_seed(0)
    model = nn.ModuleDict({"embed": Fourier(3), "net": nn.Linear(6, 2)})
    return model["net"](model["embed"](torch.rand(5))).square().mean(), model


BUG = False
EXPECT = {"embed.w": "frozen", "net.weight": "reached", "net.bias": "reached"}
CUTS = []
