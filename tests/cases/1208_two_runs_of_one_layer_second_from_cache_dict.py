"""Features are kept detached in a dict of the model's and read twice.
Source: no thread (idiom)"""
import torch
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.enc = nn.Linear(3, 3)
        self.head = nn.Linear(3, 1)
        self.cache = {}

    def encode(self, key, x):
        if key not in self.cache:
            self.cache[key] = self.enc(x).detach()
        return self.cache[key]

    def forward(self, x):
        return self.head(self.encode("x", x) + self.encode("x", x))


def step():
    torch.manual_seed(0)
    model = Net()
    return model(torch.randn(4, 3)).square().mean(), model


EXPECT = {'enc.weight': 'cut', 'enc.bias': 'cut', 'head.weight': 'reached', 'head.bias': 'reached'}
CUTS = [('detach', 'self.cache[key] = self.enc(x).detach()')]
