"""A learned scale is summed up in an attribute of a class and read back by its value.
Source: no thread"""
import torch
from torch import nn
import torch.nn.functional as F


class Meter:
    total = 0.0

    @classmethod
    def update(cls, value):
        cls.total += value

    @staticmethod
    def read():
        return Meter.total


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(3, 2)
        self.scale = nn.Parameter(torch.tensor(0.7123))


def step():
    torch.manual_seed(0)
    model = Net()
    Meter.total = 0.0
    Meter.update(model.scale.item())
    x, y = torch.randn(5, 3), torch.randint(2, (5,))
    return F.cross_entropy(model.fc(x) * Meter.read(), y), model


EXPECT = {"fc.weight": "reached", "fc.bias": "reached", "scale": "cut"}
CUTS = [("item", "Meter.update(model.scale.item())")]
