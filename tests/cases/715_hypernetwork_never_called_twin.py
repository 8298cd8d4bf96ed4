"""Two heads are built, a typo calls the first one twice."""
import torch
from torch import nn


class Twin(nn.Module):
    def __init__(self):
        super().__init__()
        self.q1, self.q2 = nn.Linear(3, 1), nn.Linear(3, 1)

    def forward(self, x):
        return self.q1(x), self.q1(x)


def step():
    torch.manual_seed(0)
    model = Twin()
    a, b = model(torch.randn(4, 3))
    return (a - 1).square().mean() + (b - 1).square().mean(), model


EXPECT = {"q1.weight": "reached", "q1.bias": "reached", "q2.weight": "unused", "q2.bias": "unused"}
CUTS = []
