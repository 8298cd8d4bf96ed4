"""A no_grad that an ExitStack enters under a setting covers the encoder.
Source: no thread (idiom)"""
import torch
from torch import nn


import contextlib
class Net(nn.Module):
    def __init__(self, tune):
        super().__init__()
        self.enc = nn.Linear(3, 3)
        self.head = nn.Linear(3, 1)
        self.tune = tune

    def forward(self, x):
        with contextlib.ExitStack() as stack:
            if not self.tune:
                stack.enter_context(torch.no_grad())
            h = torch.tanh(self.enc(x))
        return self.head(h)


def step():
    torch.manual_seed(0)
    model = Net(False)
    return model(torch.randn(4, 3)).square().mean(), model


EXPECT = {'enc.weight': 'cut', 'enc.bias': 'cut', 'head.weight': 'reached', 'head.bias': 'reached'}
CUTS = [('no_grad', 'h = torch.tanh(self.enc(x))')]
ALT = {'h = torch.tanh(self.enc(x))': ['stack.enter_context(torch.no_grad())']}
