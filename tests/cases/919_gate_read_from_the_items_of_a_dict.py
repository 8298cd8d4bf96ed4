"""Gates of two branches are kept by name as pairs of a number and a count; the numbers are unpacked
from the items of the dict and weigh the branches.
Source: no thread"""
import torch
from torch import nn
import torch.nn.functional as F


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(4, 3)
        self.first = nn.Parameter(torch.tensor(0.7))
        self.second = nn.Parameter(torch.tensor(0.2))

    def forward(self, x):
        gates = {"a": (1, self.first.item()), "b": (2, 0.5)}
        calls = {"a": (self.second.item(), 1), "b": (0.25, 2)}
        total = 0
        for name, (_, gate) in gates.items():
            total += gate * self.fc(x)
        count = max(number for _, number in calls.values())
        return total / count


def step():
    torch.manual_seed(0)
    model = Net()
    return F.cross_entropy(model(torch.randn(6, 4)), torch.arange(6) % 3), model


EXPECT = {"fc.weight": "reached", "fc.bias": "reached", "first": "cut", "second": "unused"}
CUTS = [("item", 'gates = {"a": (1, self.first.item()), "b": (2, 0.5)}')]
