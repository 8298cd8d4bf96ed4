"""A lazy projector becomes whole in a dry run inside the step, and trains: the dry run's result is thrown away."""
import torch
from torch import nn
import torch.nn.functional as F


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.project = nn.LazyLinear(5)
        self.head = nn.Linear(5, 3)

    def forward(self, x):
        h = torch.tanh(self.project(x))
        return self.head(h)


def step():
    torch.manual_seed(0)
    net = Net()
    net(torch.randn(2, 4))
    model = net
    return F.cross_entropy(model(torch.randn(4, 4)), torch.tensor([0, 1, 2, 0])), model


EXPECT = {"project.weight": "reached", "project.bias": "reached", "head.weight": "reached", "head.bias": "reached"}
CUTS = []
BUG = False
