"""A fused scale-and-shift Function returns None for the scale because "it was a constant at first"; now it is a parameter.
Source: no thread (extending autograd)"""
import torch
from torch import nn
import torch.nn.functional as F


class ScaleShift(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, scale, shift):
        ctx.save_for_backward(x, scale)
        return x * scale + shift

    @staticmethod
    def backward(ctx, g):
        x, scale = ctx.saved_tensors
        return g * scale, None, g.sum(0)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(4, 5)
        self.scale = nn.Parameter(torch.rand(5) + 0.5)
        self.shift = nn.Parameter(torch.zeros(5))

    def forward(self, x):
        return ScaleShift.apply(self.fc(x), self.scale, self.shift)


def step():
    torch.manual_seed(0)
    model = Net()
    return F.mse_loss(model(torch.randn(6, 4)), torch.randn(6, 5)), model


EXPECT = {"fc.weight": "reached", "fc.bias": "reached", "scale": "cut", "shift": "reached"}
CUTS = [("custom_function", "return ScaleShift.apply(self.fc(x), self.scale, self.shift)")]
ALT = {CUTS[0][1]: ["return g * scale, None, g.sum(0)"]}
