"""A loss and a rate stand in one text, and only the rate is read back.   Source: no thread (text round trip)"""
import torch
from torch import nn
def step():
    torch.manual_seed(0)
    model = nn.Linear(3, 2)
    loss = model(torch.randn(4, 3)).square().mean()
    rate = 0.125
    line = f"{loss.item():.4f} {rate}"
    return loss * float(line.split()[1]), model


EXPECT = {"weight": "reached", "bias": "reached"}
CUTS = []
BUG = False
