"""A function returns the loss and a dict with the accuracy and a weight; the weight is read.
Source: no thread"""
import torch
from torch import nn
import torch.nn.functional as F

def forward(model, x, y):
    out = model(x)
    loss = F.cross_entropy(out, y)
    accuracy = (out.argmax(1) == y).float().mean().item()
    return loss, {"accuracy": accuracy, "weight": 0.5}


def step():
    torch.manual_seed(0)
    model = nn.Linear(4, 3)
    loss, facts = forward(model, torch.randn(6, 4), torch.arange(6) % 3)
    return loss * facts["weight"], model


EXPECT = {"weight": "reached", "bias": "reached"}
CUTS = []
BUG = False
