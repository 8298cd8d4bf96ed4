"""The other way round: the object that is read is the one that was set."""
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
    yours.gain = 0.3
    alias = mine
    return model.b(x).pow(2).mean() * alias.gain, model


EXPECT = {"a.weight": "cut", "a.bias": "cut", "b.weight": "reached", "b.bias": "reached"}
CUTS = [("item", "mine.gain = 2 * model.a(x).mean().item()")]
