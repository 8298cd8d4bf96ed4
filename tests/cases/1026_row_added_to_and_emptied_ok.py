"""A live row is added to a row of a buffer under no_grad, and the row is emptied before the loss reads the buffer."""
import torch
from torch import nn
import torch.nn.functional as F


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.f, self.g = nn.Linear(4, 3), nn.Linear(4, 3)
        self.register_buffer("rows", torch.randn(2, 3))


def step():
    torch.manual_seed(0)
    model = Net()
    x = torch.randn(6, 4)
    with torch.no_grad():
        model.rows[0] += model.g(x).mean(0)
        model.rows[0] = 0.5
    return (model.f(x) - model.rows.mean(0)).pow(2).mean(), model


EXPECT = {"f.weight": "reached", "f.bias": "reached", "g.weight": "unused", "g.bias": "unused"}
CUTS = []
BUG = False
