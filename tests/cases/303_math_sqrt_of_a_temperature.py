"""Attention is divided by math.sqrt of a learned temperature: math wants a float, so the temperature stays at its start.
Source: no thread (idiom)"""
import math
import torch
from torch import nn
import torch.nn.functional as F


class Attention(nn.Module):
    def __init__(self):
        super().__init__()
        self.qkv = nn.Linear(6, 18)
        self.temperature = nn.Parameter(torch.tensor(6.0))
        self.out = nn.Linear(6, 3)

    def forward(self, x):
        q, k, v = self.qkv(x).chunk(3, -1)
        scores = q @ k.transpose(1, 2) / math.sqrt(self.temperature)
        return self.out((scores.softmax(-1) @ v).mean(1))


def step():
    torch.manual_seed(0)
    model = Attention()
    return F.cross_entropy(model(torch.randn(3, 5, 6)), torch.tensor([0, 1, 2])), model


EXPECT = {"qkv.weight": "reached", "qkv.bias": "reached", "temperature": "cut", "out.weight": "reached", "out.bias": "reached"}
CUTS = [("item", "scores = q @ k.transpose(1, 2) / math.sqrt(self.temperature)")]
