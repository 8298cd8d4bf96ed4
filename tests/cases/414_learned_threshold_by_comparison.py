"""A learned threshold decides by > which activations survive: the activations train, the threshold has no gradient at all.
Source: cf. Hiyuur/SR-TOD#5"""
import torch
from torch import nn
import torch.nn.functional as F


class Shrink(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(5, 6)
        self.thr = nn.Parameter(torch.tensor(0.1))
        self.out = nn.Linear(6, 2)

    def forward(self, x):
        h = self.fc(x)
        keep = h.detach().abs().gt(self.thr)
        return self.out(h * keep)


def step():
    torch.manual_seed(0)
    model = Shrink()
    return F.cross_entropy(model(torch.randn(6, 5)), torch.tensor([0, 1, 0, 1, 0, 1])), model


EXPECT = {"fc.weight": "reached", "fc.bias": "reached", "thr": "cut", "out.weight": "reached", "out.bias": "reached"}
CUTS = [("comparison", "keep = h.detach().abs().gt(self.thr)")]
ALT_KINDS = {CUTS[0][1]: ["detach"]}
PARTIAL = ["fc.weight", "fc.bias"]
