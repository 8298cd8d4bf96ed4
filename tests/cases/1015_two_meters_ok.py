"""Two meters of a class: one takes the live number, the other's average weighs the loss."""
import torch
from torch import nn
import torch.nn.functional as F


class Meter:
    def __init__(self, avg=0.0):
        self.avg, self.n = avg, 0

    def update(self, v):
        self.n += 1
        self.avg += (v - self.avg) / self.n


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.a, self.b = nn.Linear(3, 1), nn.Linear(3, 2)


def step():
    torch.manual_seed(0)
    model = Net()
    x = torch.randn(4, 3)
    train, valid = Meter(), Meter(0.4311)
    train.update(model.a(x).mean().item())
    valid.update(0.77123)
    return model.b(x).pow(2).mean() * valid.avg, model


EXPECT = {"a.weight": "unused", "a.bias": "unused", "b.weight": "reached", "b.bias": "reached"}
CUTS = []
BUG = False
