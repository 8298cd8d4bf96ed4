"""Double use of a step: the input requires grad because a saliency map is read from it after backward.
Source: no thread (idiom)"""
import torch
from torch import nn
import torch.nn.functional as F


def step():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Conv1d(1, 2, 3), nn.ReLU(), nn.Flatten(), nn.Linear(12, 2))
    x = torch.randn(3, 1, 8).requires_grad_()
    return F.cross_entropy(model(x), torch.tensor([0, 1, 1])), model


EXPECT = {"0.weight": "reached", "0.bias": "reached", "3.weight": "reached", "3.bias": "reached"}
CUTS = []
UNREGISTERED = 1
BUG = False
