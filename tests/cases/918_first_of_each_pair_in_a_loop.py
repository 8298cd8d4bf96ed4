"""Losses of earlier batches are kept as numbers beside their sizes; a loop unpacks both and takes the
loss.
Source: no thread"""
import torch
from torch import nn
import torch.nn.functional as F


def worst(pairs):
    most = 0.0
    for value, _ in pairs:
        most = most + value
    return most


def step():
    torch.manual_seed(0)
    model = nn.Linear(4, 3)
    pairs = []
    for _ in range(2):
        part = F.cross_entropy(model(torch.randn(6, 4)), torch.arange(6) % 3)
        pairs.append((part.item(), 6))
    return part / worst(pairs), model


EXPECT = {"weight": "reached", "bias": "reached"}
CUTS = [("item", "pairs.append((part.item(), 6))")]
PARTIAL = ["weight", "bias"]
