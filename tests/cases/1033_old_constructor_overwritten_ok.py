"""torch.Tensor(t) of the detached values of a network is filled with ones before it weighs the loss."""
import torch
from torch import nn
import torch.nn.functional as F


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.spread, self.head = nn.Linear(4, 2), nn.Linear(4, 2)


def step():
    torch.manual_seed(0)
    model = Net()
    x = torch.Tensor(torch.randn(6, 4))
    weights = torch.Tensor(model.spread(x).detach())
    weights.fill_(0.7)
    return (model.head(torch.Tensor(x)).pow(2) * weights).mean(), model


EXPECT = {"spread.weight": "unused", "spread.bias": "unused", "head.weight": "reached", "head.bias": "reached"}
CUTS = []
BUG = False
