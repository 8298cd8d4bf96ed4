"""A whole-numbered tensor made of a parameter is the bound of a slice.
Source: no thread"""
import torch
from torch import nn
import torch.nn.functional as F


class Keep(nn.Module):
    def __init__(self):
        super().__init__()
        self.lin = nn.Linear(4, 6)
        self.first = nn.Parameter(torch.tensor(2.4))

    def forward(self, x):
        first = self.first.long()
        return self.lin(x)[:, first:]


def step():
    torch.manual_seed(0)
    model = Keep()
    return model(torch.randn(5, 4)).square().mean(), model


EXPECT = {"lin.weight": "reached", "lin.bias": "reached", "first": "cut"}
CUTS = [("integer_cast", "first = self.first.long()")]
