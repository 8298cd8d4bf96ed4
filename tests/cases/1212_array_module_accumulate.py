"""Durations are taken out by tolist and accumulated by itertools.
Source: no thread (idiom)"""
import torch
from torch import nn
import torch.nn.functional as F


import itertools
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.f = nn.Linear(3, 1)
        self.d = nn.Linear(3, 1)


def step():
    torch.manual_seed(0)
    model = Net()
    x = torch.randn(6, 3)
    durations = F.softplus(model.d(x)).squeeze(1).tolist()
    ends = list(itertools.accumulate(durations))
    return (model.f(x).squeeze(1) * torch.tensor(ends)).square().mean(), model


EXPECT = {'f.weight': 'reached', 'f.bias': 'reached', 'd.weight': 'cut', 'd.bias': 'cut'}
CUTS = [('item', 'durations = F.softplus(model.d(x)).squeeze(1).tolist()')]
