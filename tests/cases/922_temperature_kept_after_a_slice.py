"""Numbers of a schedule are kept in one list, the learned temperature last; the rest after the first
is taken and its last number divides.
Source: no thread"""
import torch
from torch import nn
import torch.nn.functional as F


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(4, 3)
        self.first = nn.Parameter(torch.tensor(0.9))
        self.last = nn.Parameter(torch.tensor(0.7))

    def forward(self, x):
        schedule = [self.first.item(), 1.25, self.last.item()]
        rest = schedule[1:]
        return self.fc(x) * (rest[0] + 1) / (rest[1] + 1)


def step():
    torch.manual_seed(0)
    model = Net()
    return F.cross_entropy(model(torch.randn(6, 4)), torch.arange(6) % 3), model


EXPECT = {"fc.weight": "reached", "fc.bias": "reached", "first": "unused", "last": "cut"}
CUTS = [("item", "schedule = [self.first.item(), 1.25, self.last.item()]")]
