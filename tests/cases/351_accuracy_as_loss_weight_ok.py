"""The classification loss is weighted by the batch's error rate, computed from argmax and a comparison: a constant by design.
Source: no thread (idiom)"""
import torch
from torch import nn
import torch.nn.functional as F


class Clf(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Linear(4, 6)
        self.out = nn.Linear(6, 3)

    def forward(self, x):
        return self.out(torch.relu(self.body(x)))


def step():
    torch.manual_seed(0)
    model = Clf()
    y = torch.tensor([0, 1, 2, 0, 1, 2])
    logits = model(torch.randn(6, 4))
    predicted = logits.argmax(dim=1)
    accuracy = (predicted == y).float().mean()
    return (1.5 - accuracy) * F.cross_entropy(logits, y), model


EXPECT = {"body.weight": "reached", "body.bias": "reached", "out.weight": "reached", "out.bias": "reached"}
CUTS = [("argmax/index", "predicted = logits.argmax(dim=1)")]
PARTIAL = list(EXPECT)
BUG = False
