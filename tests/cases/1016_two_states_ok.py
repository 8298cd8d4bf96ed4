"""Two state objects: an attribute of one is set from a live number, the same attribute of the other is read."""
import torch
from torch import nn
import torch.nn.functional as F


class State:
    gain = 0.625


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.a, self.b = nn.Linear(3, 1), nn.Linear(3, 2)


def step():
    torch.manual_seed(0)
    model = Net()
    x = torch.randn(4, 3)
    mine = State()
    yours = State()
    mine.gain = 2 * model.a(x).mean().item()
    return model.b(x).pow(2).mean() * yours.gain, model


EXPECT = {"a.weight": "unused", "a.bias": "unused", "b.weight": "reached", "b.bias": "reached"}
CUTS = []
BUG = False
