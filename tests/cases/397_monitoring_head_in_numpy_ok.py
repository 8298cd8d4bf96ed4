"""A calibration head runs along, its outputs are appended to a list as numpy arrays for the epoch's report.
Source: no thread (idiom)"""
import numpy as np
import torch
from torch import nn
import torch.nn.functional as F


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Linear(4, 5)
        self.cls = nn.Linear(5, 2)
        self.temperature = nn.Parameter(torch.ones(1) * 1.5)


def step():
    torch.manual_seed(0)
    model = Net()
    outputs = []
    h = torch.relu(model.body(torch.randn(5, 4)))
    logits = model.cls(h)
    outputs.append((logits / model.temperature).softmax(-1).detach().cpu().numpy())
    report = {"confidence": float(np.concatenate(outputs).max(-1).mean()), "temperature": model.temperature.item()}
    model.report = report
    return F.cross_entropy(logits, torch.tensor([0, 1, 0, 1, 1])), model


EXPECT = {"body.weight": "reached", "body.bias": "reached", "cls.weight": "reached", "cls.bias": "reached", "temperature": "unused"}
CUTS = []
BUG = False
