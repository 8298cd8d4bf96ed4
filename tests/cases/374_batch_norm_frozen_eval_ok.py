"""Detection fine-tuning with frozen batch norm: eval mode, affine parameters frozen; gradients flow through to the convolution.
Source: no thread (FrozenBatchNorm idiom)"""
import torch
from torch import nn
import torch.nn.functional as F


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 3, 3)
        self.bn = nn.BatchNorm2d(3)
        self.head = nn.Linear(3, 2)

    def train(self, mode=True):
        super().train(mode)
        self.bn.eval()
        return self

    def forward(self, x):
        return self.head(torch.relu(self.bn(self.conv(x))).mean((2, 3)))


def step():
    torch.manual_seed(0)
    model = Net()
    model.bn.requires_grad_(False)
    model.train()
    return F.cross_entropy(model(torch.randn(4, 1, 5, 5)), torch.tensor([0, 1, 0, 1])), model


EXPECT = {"conv.weight": "reached", "conv.bias": "reached", "bn.weight": "frozen", "bn.bias": "frozen",
          "head.weight": "reached", "head.bias": "reached"}
CUTS = []
BUG = False
