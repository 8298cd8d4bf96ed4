"""A learned scale is put into a tensor of facts as a number, beside a constant; its place is read.
Source: no thread"""
import torch
from torch import nn
import torch.nn.functional as F


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(4, 3)
        self.scale = nn.Parameter(torch.tensor(0.7))
        self.shift = nn.Parameter(torch.tensor(0.2))

    def forward(self, x):
        scales = torch.tensor([1.5, self.scale.item()])
        shifts = torch.stack([self.shift.detach(), torch.tensor(0.25)])
        return self.fc(x) * scales[1] + shifts[1]


def step():
    torch.manual_seed(0)
    model = Net()
    return F.cross_entropy(model(torch.randn(6, 4)) ** 2, torch.arange(6) % 3), model


EXPECT = {"fc.weight": "reached", "fc.bias": "reached", "scale": "cut", "shift": "unused"}
CUTS = [("item", "scales = torch.tensor([1.5, self.scale.item()])")]
