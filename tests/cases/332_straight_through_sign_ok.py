"""Binary weights with a straight-through Function: sign in forward, clipped identity in backward. What happens inside forward is
no cut.   Source: no thread (BinaryConnect, XNOR-Net idiom)"""
import torch
from torch import nn
import torch.nn.functional as F


class Binarize(torch.autograd.Function):
    @staticmethod
    def forward(ctx, w):
        ctx.save_for_backward(w)
        alpha = w.abs().mean().item()
        return w.sign() * alpha

    @staticmethod
    def backward(ctx, g):
        w, = ctx.saved_tensors
        return g * (w.abs() <= 1)


class BinaryLinear(nn.Linear):
    def forward(self, x):
        return F.linear(x, Binarize.apply(self.weight), self.bias)


def step():
    torch.manual_seed(0)
    model = nn.Sequential(BinaryLinear(5, 6), nn.BatchNorm1d(6), nn.Hardtanh(), BinaryLinear(6, 2))
    return F.cross_entropy(model(torch.randn(8, 5)), torch.tensor([0, 1] * 4)), model


EXPECT = {f"{i}.{k}": "reached" for i in (0, 1, 3) for k in ("weight", "bias")}
EXPECT["0.bias"] = "reached"
CUTS = []
BUG = False
