"""Spiking net: the learned threshold enters through a comparison without a surrogate; the rate readout trains."""
import torch
from torch import nn


class Lif(nn.Module):
    def __init__(self):
        super().__init__()
        self.inp = nn.Linear(3, 4)
        self.threshold = nn.Parameter(torch.tensor(0.2))
        self.out = nn.Linear(4, 2)

    def forward(self, x):
        v = torch.zeros(len(x), 4)
        rate = 0
        for _ in range(3):
            v = 0.9 * v + self.inp(x)
            spike = (v > self.threshold).float()
            rate = rate + spike / 3
            v = v * (1 - spike)
        return self.out(rate)


def step():
    torch.manual_seed(0)
    model = Lif()
    return model(torch.randn(6, 3)).square().mean(), model


EXPECT = {"inp.weight": "cut", "inp.bias": "cut", "threshold": "cut", "out.weight": "reached", "out.bias": "reached"}
CUTS = [("comparison", "spike = (v > self.threshold).float()")]
