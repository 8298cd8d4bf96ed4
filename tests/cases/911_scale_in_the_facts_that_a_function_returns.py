"""A function returns features and a dict with a number that left beside a constant; the number is read.
Source: no thread"""
import torch
from torch import nn
import torch.nn.functional as F

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(4, 3)
        self.scale = nn.Parameter(torch.tensor(0.7319))


def forward(model, x):
    return model.fc(x), {"weight": 0.5, "scale": model.scale.item()}


def step():
    torch.manual_seed(0)
    model = Net()
    out, facts = forward(model, torch.randn(6, 4))
    return F.cross_entropy(out * facts["scale"], torch.arange(6) % 3), model


EXPECT = {"fc.weight": "reached", "fc.bias": "reached", "scale": "cut"}
CUTS = [("item", 'return model.fc(x), {"weight": 0.5, "scale": model.scale.item()}')]
