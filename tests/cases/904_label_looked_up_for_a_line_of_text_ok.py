"""The name of the likeliest class is looked up in a list and printed; the loss has nothing of it.
Source: no thread"""
import torch
from torch import nn
import torch.nn.functional as F

NAMES = ["cat", "dog", "hen"]


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc, self.probe = nn.Linear(4, 3), nn.Linear(4, 3)

    def forward(self, x):
        best = self.probe(x).mean(0).argmax().item()
        print(NAMES[best].upper(), end="\r")
        return self.fc(x)


def step():
    torch.manual_seed(0)
    model = Net()
    return F.cross_entropy(model(torch.randn(6, 4)), torch.arange(6) % 3), model


EXPECT = {"fc.weight": "reached", "fc.bias": "reached", "probe.weight": "unused", "probe.bias": "unused"}
CUTS = []
BUG = False
