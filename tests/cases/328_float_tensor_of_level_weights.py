"""Learned pyramid level weights are gathered with torch.FloatTensor([...]), which reads them out as numbers.
Source: no thread (idiom, old constructors)"""
import torch
from torch import nn
import torch.nn.functional as F


class BiFPN(nn.Module):
    def __init__(self):
        super().__init__()
        self.p3 = nn.Conv2d(1, 2, 3, padding=1)
        self.p4 = nn.Conv2d(1, 2, 3, padding=1)
        self.w3 = nn.Parameter(torch.tensor(1.0))
        self.w4 = nn.Parameter(torch.tensor(0.5))

    def forward(self, x):
        w = torch.FloatTensor([self.w3, self.w4])
        w = torch.relu(w)
        w = w / (w.sum() + 1e-4)
        return w[0] * self.p3(x) + w[1] * self.p4(x)


def step():
    torch.manual_seed(0)
    model = BiFPN()
    return F.mse_loss(model(torch.randn(2, 1, 4, 4)), torch.randn(2, 2, 4, 4)), model


EXPECT = {"p3.weight": "reached", "p3.bias": "reached", "p4.weight": "reached", "p4.bias": "reached", "w3": "cut", "w4": "cut"}
CUTS = [("new_tensor", "w = torch.FloatTensor([self.w3, self.w4])")]
ALT_KINDS = {CUTS[0][1]: ["item"]}
