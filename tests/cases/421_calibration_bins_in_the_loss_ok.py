"""Calibration penalty with binned confidences: bucketize gives the bin, the accuracy per bin comes from argmax, the mean confidence
per bin carries the gradient.   Source: no thread (soft ECE idiom)"""
import torch
from torch import nn
import torch.nn.functional as F


class Clf(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(4, 3)


def calibration(logits, y, bins=4):
    confidence = logits.softmax(-1).amax(-1)
    correct = (logits.argmax(-1) == y).float()
    index = torch.bucketize(confidence, torch.linspace(0, 1, bins + 1)[1:-1])
    member = F.one_hot(index, bins).float()
    return ((member.t() @ (confidence - correct)).abs() / len(y)).sum()


def step():
    torch.manual_seed(0)
    model = Clf()
    logits, y = model.fc(torch.randn(9, 4)), torch.tensor([0, 1, 2] * 3)
    return F.cross_entropy(logits, y) + 0.5 * calibration(logits, y), model


EXPECT = {"fc.weight": "reached", "fc.bias": "reached"}
CUTS = [("argmax/index", "correct = (logits.argmax(-1) == y).float()"),
        ("argmax/index", "index = torch.bucketize(confidence, torch.linspace(0, 1, bins + 1)[1:-1])")]
PARTIAL = ["fc.weight", "fc.bias"]
BUG = False
