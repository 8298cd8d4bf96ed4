"""Rows of a log hold a name and a pair of a number for the log and the size of the batch. Sizes
alone are read: by a loop that unpacks, by a generator, by the columns and by a function.
Source: no thread"""
import torch
from torch import nn
import torch.nn.functional as F


def seen(rows):
    total = 0
    for index, (_, (_, size)) in enumerate(rows):
        total += size + 0 * index
    return total


def step():
    torch.manual_seed(0)
    model = nn.Linear(4, 3)
    rows = []
    for name in ("left", "right"):
        part = F.cross_entropy(model(torch.randn(6, 4)), torch.arange(6) % 3)
        rows.append((name, (part.item(), 6)))
    names, pairs = zip(*rows)
    by_generator = sum(size for _, size in pairs)
    _, columns = zip(*pairs)
    spread = 0
    for name, (value, *counts) in dict(rows).items():
        spread += counts[0]
    return part * seen(rows) / by_generator / sum(columns) * spread, model


EXPECT = {"weight": "reached", "bias": "reached"}
CUTS = []
BUG = False
