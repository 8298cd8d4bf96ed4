"""torch.FloatTensor(t) makes a tensor over the memory of another: the weights are the detached ones of a network."""
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
    x = torch.randn(6, 4)
    weights = torch.FloatTensor(model.spread(x).detach())
    return (model.head(x).pow(2) * weights.exp()).mean(), model


EXPECT = {"spread.weight": "cut", "spread.bias": "cut", "head.weight": "reached", "head.bias": "reached"}
CUTS = [("detach", "weights = torch.FloatTensor(model.spread(x).detach())")]
