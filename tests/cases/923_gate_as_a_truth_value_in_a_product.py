"""Whether a learned threshold lies above a constant is a truth value, which multiplies one of two
branches of the loss.
Source: no thread"""
import torch
from torch import nn
import torch.nn.functional as F


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(4, 3)
        self.threshold = nn.Parameter(torch.tensor(0.2))

    def forward(self, x):
        h = self.fc(x)
        use = self.threshold.item() > 0.5
        return h * use + h.tanh() * (1 - use)


def step():
    torch.manual_seed(0)
    model = Net()
    return F.cross_entropy(model(torch.randn(6, 4)), torch.arange(6) % 3), model


EXPECT = {"fc.weight": "reached", "fc.bias": "reached", "threshold": "cut"}
CUTS = [("item", "use = self.threshold.item() > 0.5")]
