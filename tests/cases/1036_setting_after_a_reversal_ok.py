"""A list holds a live number and a setting; it is turned round, and its first element weighs the loss."""
import torch
from torch import nn
import torch.nn.functional as F


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.probe, self.head = nn.Linear(3, 1), nn.Linear(3, 1)


def step():
    torch.manual_seed(0)
    model = Net()
    x = torch.randn(5, 3)
    kept = [model.probe(x).mean().item(), 0.35]
    kept.reverse()
    return model.head(x).pow(2).mean() * torch.tensor(kept[0], dtype=torch.float32), model


EXPECT = {"probe.weight": "unused", "probe.bias": "unused", "head.weight": "reached", "head.bias": "reached"}
CUTS = []
BUG = False
