"""The part of a dict that is read back is the number that left, beside one that did not.
Source: no thread"""
import torch
from torch import nn
import torch.nn.functional as F


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(4, 3)
        self.scale, self.spare = nn.Parameter(torch.tensor(0.7)), nn.Parameter(torch.tensor(1.3))

    def forward(self, x):
        kept = {"scale": self.scale.item() + 0.1, "spare": self.spare.item()}
        return self.fc(x) * kept["scale"]


def step():
    torch.manual_seed(0)
    model = Net()
    return F.cross_entropy(model(torch.randn(6, 4)), torch.arange(6) % 3), model


EXPECT = {"fc.weight": "reached", "fc.bias": "reached", "scale": "cut", "spare": "unused"}
CUTS = [("item", 'kept = {"scale": self.scale.item() + 0.1, "spare": self.spare.item()}')]
