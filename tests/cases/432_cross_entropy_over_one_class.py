"""A binary problem with num_classes=1 and cross entropy: the loss is 0 and every gradient is zero.
Source: no thread (idiom)"""
import torch
from torch import nn
import torch.nn.functional as F


def step():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(4, 5), nn.Tanh(), nn.Linear(5, 1))
    logits = model(torch.randn(6, 4))
    return F.cross_entropy(logits, torch.zeros(6, dtype=torch.long)), model


EXPECT = {f"{i}.{k}": "zero" for i in (0, 2) for k in ("weight", "bias")}
CUTS = []
ZEROS = [("cross_entropy", "return F.cross_entropy(logits, torch.zeros(6, dtype=torch.long)), model")]
