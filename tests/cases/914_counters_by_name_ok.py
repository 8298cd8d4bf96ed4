"""Meters in a dict are given the loss for the log; one's count is read, and a weight out of an array that holds the loss as well.
Source: no thread"""
import torch
from torch import nn
import torch.nn.functional as F

import numpy as np


class Meter:
    def __init__(self):
        self.total, self.count = 0.0, 0

    def update(self, value, count):
        self.total += value * count
        self.count += count


def step():
    torch.manual_seed(0)
    model = nn.Linear(4, 3)
    loss = F.cross_entropy(model(torch.randn(6, 4)), torch.arange(6) % 3)
    meters = {"loss": Meter(), "accuracy": Meter()}
    meters["loss"].update(loss.item(), 6)
    row = np.array([loss.item(), 0.5])
    pair = (loss.item(),) + (0.25,)
    return loss * row[1] * pair[-1] / meters["loss"].count, model


EXPECT = {"weight": "reached", "bias": "reached"}
CUTS = []
BUG = False
