"""Logged losses stand beside constants in tensors, arrays and lists of lists; the constants alone go
into the loss, by an index, by a slice, by unpacking and as Python numbers.
Source: no thread"""
import collections

import numpy as np
import torch
from torch import nn
import torch.nn.functional as F


def step():
    torch.manual_seed(0)
    model = nn.Linear(4, 3)
    loss = F.cross_entropy(model(torch.randn(6, 4)), torch.arange(6) % 3)
    facts = torch.tensor([loss.item(), 2.0, 0.5])
    _, twice, half = facts
    stacked = torch.stack([loss.detach(), torch.tensor(3.0)])
    joined = torch.cat([torch.ones(2), loss.detach().view(1)])
    table = np.array([[1.5, loss.item()], [0.25, 4.0]])
    numbers = [loss.item(), 0.75, 1.25]
    later = numbers[1:]
    log = collections.defaultdict(list)
    for key, number in (("ce", loss.item()), ("scale", 1.75)):
        log[key].append(number)
    scaled = loss * twice * half + loss * facts[1:].sum() * stacked[1] * joined[:2].mean()
    scaled = scaled * (table[0, 0] * 2) * (table[1][1] + 1) * (later[0] * 3)
    return scaled * log["scale"][-1] / sum(later), model


EXPECT = {"weight": "reached", "bias": "reached"}
CUTS = []
BUG = False
