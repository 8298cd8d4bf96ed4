"""Records keep the loss of a probe beside a weight; operator.itemgetter takes the weights out."""
import torch
from torch import nn
import torch.nn.functional as F
import operator


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.probe, self.head = nn.Linear(3, 1), nn.Linear(3, 1)


def step():
    torch.manual_seed(0)
    model = Net()
    x = torch.randn(5, 3)
    records = [{"loss": value.item(), "weight": 0.5 + i / 8} for i, value in enumerate(model.probe(x))]
    weights = list(map(operator.itemgetter("weight"), records))
    return (model.head(x)[:, 0] * torch.tensor(weights)).pow(2).mean(), model


EXPECT = {"probe.weight": "unused", "probe.bias": "unused", "head.weight": "reached", "head.bias": "reached"}
CUTS = []
BUG = False
