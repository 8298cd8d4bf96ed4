"""Discrete codes through gumbel_softmax(hard=True): torch detaches inside to make the one-hot straight-through; all trains.
Source: torch.nn.functional.gumbel_softmax documentation"""
import torch
from torch import nn
import torch.nn.functional as F


class DiscreteAE(nn.Module):
    def __init__(self):
        super().__init__()
        self.enc = nn.Linear(6, 5)
        self.codes = nn.Parameter(torch.randn(5, 3))
        self.dec = nn.Linear(3, 6)

    def forward(self, x):
        onehot = F.gumbel_softmax(self.enc(x), tau=0.7, hard=True)
        return self.dec(onehot @ self.codes)


def step():
    torch.manual_seed(0)
    model = DiscreteAE()
    x = torch.randn(8, 6)
    return F.mse_loss(model(x), x), model


EXPECT = {"enc.weight": "reached", "enc.bias": "reached", "codes": "reached", "dec.weight": "reached", "dec.bias": "reached"}
CUTS = []
LIBRARY_CUTS = ["onehot = F.gumbel_softmax(self.enc(x), tau=0.7, hard=True)"]
BUG = False
