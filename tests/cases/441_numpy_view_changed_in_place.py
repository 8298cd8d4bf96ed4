"""Activations are scaled through a numpy view of their memory by a learned gain's .item(): torch sees none of it.
Source: no thread (numpy shares memory with CPU tensors)"""
import torch
from torch import nn
import torch.nn.functional as F


class Gain(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(4, 5)
        self.gain = nn.Parameter(torch.tensor(1.5))
        self.out = nn.Linear(5, 2)

    def forward(self, x):
        h = self.fc(x)
        factor = self.gain.item()
        view = h.detach().numpy()
        view *= factor
        return self.out(torch.tanh(h))


def step():
    torch.manual_seed(0)
    model = Gain()
    return F.cross_entropy(model(torch.randn(4, 4)), torch.tensor([0, 1, 1, 0])), model


EXPECT = {"fc.weight": "reached", "fc.bias": "reached", "gain": "cut", "out.weight": "reached", "out.bias": "reached"}
CUTS = [("item", "factor = self.gain.item()")]
LIBRARY_CUTS = ["view = h.detach().numpy()"]  # the value goes back into the tensor it came from
WRONG_GRADIENT = ["fc.weight", "fc.bias"]
