"""Noise levels from a generator.
Source: no thread"""
import torch
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.low, self.high = nn.Parameter(torch.tensor(0.1)), nn.Parameter(torch.tensor(1.3))
        self.score = nn.Linear(3, 3)

    def levels(self, n):
        low, high = self.low.item(), self.high.item()
        for i in range(n):
            yield low * (high / low) ** (i / (n - 1))

    def forward(self, x):
        loss = 0.0
        for sigma in self.levels(4):
            loss = loss + (self.score(x + sigma) / sigma).pow(2).mean()
        return loss


def step():
    torch.manual_seed(0)
    model = Net()
    return model(torch.randn(6, 3)), model


EXPECT = {'low': 'cut', 'high': 'cut', 'score.weight': 'reached', 'score.bias': 'reached'}
CUTS = [('item', 'low, high = self.low.item(), self.high.item()')]
