"""Two experts keep a number each; the loss reads the second one's alone, through a property."""
import torch
from torch import nn
import torch.nn.functional as F


class Expert(nn.Module):
    def __init__(self):
        super().__init__()
        self.p = nn.Parameter(torch.randn(3))
        self.w = nn.Parameter(torch.randn(3))

    def forward(self, x):
        self._load = self.p.softmax(0)[0].item()
        return (x * self.w).sum()

    @property
    def load(self):
        return 2.0 * self._load


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.experts = nn.ModuleList([Expert(), Expert()])


def step():
    torch.manual_seed(0)
    model = Net()
    x = torch.randn(3)
    y = [e(x) for e in model.experts]
    loss = y[0] * y[1] * (1.0 + model.experts[1].load)
    return loss, model


EXPECT = {"experts.0.p": "unused", "experts.0.w": "reached", "experts.1.p": "cut", "experts.1.w": "reached"}
CUTS = [("item", "self._load = self.p.softmax(0)[0].item()")]
