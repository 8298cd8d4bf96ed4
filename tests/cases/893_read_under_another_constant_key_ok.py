"""A probe's value is kept beside the weight of the loss, which a variable names that never changes.
Source: no thread"""
import torch
from torch import nn
import torch.nn.functional as F

WEIGHT = "weight"


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.net, self.probe = nn.Linear(3, 2), nn.Linear(3, 2)


def step():
    torch.manual_seed(0)
    model = Net()
    x, y = torch.randn(4, 3), torch.randint(2, (4,))
    stats = {}
    stats[WEIGHT] = 0.5
    stats["probe"] = model.probe(x).mean().item()
    return F.cross_entropy(model.net(x) * stats[WEIGHT], y), model


EXPECT = {"net.weight": "reached", "net.bias": "reached", "probe.weight": "unused", "probe.bias": "unused"}
CUTS = []
BUG = False
