"""The projector and its norm are lazy, and become whole in a dry run inside the step; the detach behind them was meant for a frozen
encoder."""
import torch
from torch import nn
import torch.nn.functional as F


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.project = nn.LazyLinear(5)
        self.norm = nn.LazyBatchNorm1d()
        self.head = nn.Linear(5, 3)

    def forward(self, x):
        h = torch.relu(self.norm(self.project(x))).detach()
        return self.head(h)


def step():
    torch.manual_seed(0)
    net = Net()
    net(torch.randn(2, 4))
    model = net
    return F.cross_entropy(model(torch.randn(4, 4)), torch.tensor([0, 1, 2, 0])), model


EXPECT = {"project.weight": "cut", "project.bias": "cut", "norm.weight": "cut", "norm.bias": "cut", "head.weight": "reached", "head.bias": "reached"}
CUTS = [("detach", "h = torch.relu(self.norm(self.project(x))).detach()")]
