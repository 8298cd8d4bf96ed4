"""Generator that logs what it reads.
Source: no thread"""
import torch
from torch import nn


LOG = []


def batches(model, x, n):
    scale = model.scale.exp().item()
    for i in range(n):
        LOG.append(scale / (i + 1))
        yield i, x[i::n]


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.scale = nn.Parameter(torch.tensor(0.3))
        self.head = nn.Linear(3, 2)


def step():
    torch.manual_seed(0)
    model = Net()
    loss = 0.0
    for i, rows in batches(model, torch.randn(6, 3), 3):
        loss = loss + model.head(rows).square().mean() * (0.5 + i)
    return loss, model


EXPECT = {'scale': 'unused', 'head.weight': 'reached', 'head.bias': 'reached'}
CUTS = []
BUG = False
