"""A history keeps the number of the step and the loss for the log, in dicts and in lists; the counts are read.
Source: no thread"""
import torch
from torch import nn
import torch.nn.functional as F

def step():
    torch.manual_seed(0)
    model = nn.Linear(4, 3)
    history, rows = [], []
    for i in range(3):
        loss = F.cross_entropy(model(torch.randn(6, 4)), torch.arange(6) % 3)
        history.append({"step": i + 1, "loss": loss.item()})
        rows.append([i, loss.item(), 6])
    return loss * history[-1]["step"] / sum(row[2] for row in rows), model


EXPECT = {"weight": "reached", "bias": "reached"}
CUTS = []
BUG = False
