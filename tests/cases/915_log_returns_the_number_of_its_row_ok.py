"""A log is given the loss and returns how many rows it has.
Source: no thread"""
import torch
from torch import nn
import torch.nn.functional as F


class Log:
    def __init__(self):
        self.rows, self.count, self.total = [], 0, 0.0

    def add(self, name, value):
        self.rows.append((self.count, name, value))
        self.count += 1
        self.total += value
        return self.count


def step():
    torch.manual_seed(0)
    model = nn.Linear(4, 3)
    log = Log()
    loss = F.cross_entropy(model(torch.randn(6, 4)), torch.arange(6) % 3)
    count = log.add("loss", loss.item())
    return loss / count, model


EXPECT = {"weight": "reached", "bias": "reached"}
CUTS = []
BUG = False
