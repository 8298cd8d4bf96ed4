"""ReZero and zero-initialised norm gains: every residual branch is multiplied by a learned 0 at the start, so the branch has zeros
and the factor learns first.   Source: no thread (ReZero, zero_init_residual in torchvision's ResNet)"""
import torch
from torch import nn
import torch.nn.functional as F


class Block(nn.Module):
    def __init__(self, d):
        super().__init__()
        self.fc = nn.Linear(d, d)
        self.alpha = nn.Parameter(torch.zeros(1))

    def forward(self, x):
        return x + self.alpha * torch.tanh(self.fc(x))


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Linear(4, 5)
        self.blocks = nn.Sequential(Block(5), Block(5))
        self.head = nn.Linear(5, 2)

    def forward(self, x):
        return self.head(self.blocks(self.stem(x)))


def step():
    torch.manual_seed(0)
    model = Net()
    return F.cross_entropy(model(torch.randn(6, 4)), torch.tensor([0, 1, 0, 1, 0, 1])), model


EXPECT = {"stem.weight": "reached", "stem.bias": "reached", "head.weight": "reached", "head.bias": "reached"}
for _i in (0, 1):
    EXPECT.update({f"blocks.{_i}.fc.weight": "zero", f"blocks.{_i}.fc.bias": "zero", f"blocks.{_i}.alpha": "reached"})
CUTS = []
BUG = False
