"""The span is learned, rounded to a count and used as the bound of a slice of live features.
Source: no thread"""
import torch
from torch import nn
import torch.nn.functional as F


class Span(nn.Module):
    def __init__(self):
        super().__init__()
        self.lin = nn.Linear(4, 6)
        self.span = nn.Parameter(torch.tensor(2.4))

    def forward(self, x):
        h = self.lin(x)
        count = int(self.span.item() * 2)
        return h[:, :count]


def step():
    torch.manual_seed(0)
    model = Span()
    return model(torch.randn(5, 4)).square().mean(), model


EXPECT = {"lin.weight": "reached", "lin.bias": "reached", "span": "cut"}
CUTS = [("item", "count = int(self.span.item() * 2)")]
