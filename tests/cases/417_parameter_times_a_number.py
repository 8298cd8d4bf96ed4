"""self.pos = nn.Parameter(torch.randn(...)) * 0.02 stores a tensor, not a parameter: the position embedding gets a gradient that no
optimiser ever sees.   Source: pytorch/pytorch#9303, #17484, #20089, #39062, #94828"""
import torch
from torch import nn
import torch.nn.functional as F


class ViT(nn.Module):
    def __init__(self):
        super().__init__()
        self.patch = nn.Linear(4, 6)
        self.cls = nn.Parameter(torch.zeros(1, 1, 6))
        self.pos = nn.Parameter(torch.randn(1, 4, 6)) * 0.02
        self.head = nn.Linear(6, 2)

    def forward(self, x):
        h = torch.cat([self.cls.expand(x.shape[0], -1, -1), self.patch(x)], 1) + self.pos
        return self.head(torch.tanh(h).mean(1))


def step():
    torch.manual_seed(0)
    model = ViT()
    return F.cross_entropy(model(torch.randn(4, 3, 4)), torch.tensor([0, 1, 0, 1])), model


EXPECT = {"patch.weight": "reached", "patch.bias": "reached", "cls": "reached", "head.weight": "reached", "head.bias": "reached"}
CUTS = []
UNREGISTERED = 1
