"""The second part of a row is the number that left; the first is a count.
Source: no thread"""
import torch
from torch import nn
import torch.nn.functional as F


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(4, 3)
        self.scale = nn.Parameter(torch.tensor(0.7))

    def forward(self, x):
        row = (len(x), self.scale.item() + 0.1)
        return self.fc(x) * row[-1] / row[0]


def step():
    torch.manual_seed(0)
    model = Net()
    return F.cross_entropy(model(torch.randn(6, 4)), torch.arange(6) % 3), model


EXPECT = {"fc.weight": "reached", "fc.bias": "reached", "scale": "cut"}
CUTS = [("item", "row = (len(x), self.scale.item() + 0.1)")]
