"""A Huber loss written with torch.where: the comparison that picks the piece has no gradient and needs none.
Source: no thread (idiom)"""
import torch
from torch import nn


class Regressor(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(4, 2)


def huber(error, delta=1.0):
    size = error.abs()
    small = size < delta
    return torch.where(small, 0.5 * error.pow(2), delta * (size - 0.5 * delta)).mean()


def step():
    torch.manual_seed(0)
    model = Regressor()
    x, y = torch.randn(6, 4), 2 * torch.randn(6, 2)
    return huber(model.fc(x) - y), model


EXPECT = {"fc.weight": "reached", "fc.bias": "reached"}
CUTS = [("comparison", "small = size < delta")]
PARTIAL = ["fc.weight", "fc.bias"]
BUG = False
