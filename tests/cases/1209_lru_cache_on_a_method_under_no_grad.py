"""A table of positions is made under no_grad inside a method that lru_cache keeps.
Source: no thread (idiom)"""
import torch
from torch import nn


import functools
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.pos = nn.Embedding(6, 3)
        self.head = nn.Linear(3, 1)

    @functools.lru_cache(maxsize=None)
    def table(self, n):
        with torch.no_grad():
            return self.pos(torch.arange(n)).cumsum(0)

    def forward(self, x):
        return self.head(x + self.table(len(x)))


def step():
    torch.manual_seed(0)
    model = Net()
    return model(torch.randn(4, 3)).square().mean(), model


EXPECT = {'pos.weight': 'cut', 'head.weight': 'reached', 'head.bias': 'reached'}
CUTS = [('no_grad', 'return self.pos(torch.arange(n)).cumsum(0)')]
ALT = {'return self.pos(torch.arange(n)).cumsum(0)': ['with torch.no_grad():']}
