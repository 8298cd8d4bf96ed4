"""Values are detached before they get their own live copy as a tangent: the slope trains what is
before them, the value does not.
Source: no thread"""
import torch
from torch import nn
import torch.autograd.forward_ad as forward_ad


def step():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(4, 5), nn.Tanh(), nn.Linear(5, 3))
    with forward_ad.dual_level():
        h = model[0](torch.randn(6, 4))
        dual = forward_ad.make_dual(h.detach(), h)
        value, slope = forward_ad.unpack_dual(model[2](model[1](dual)))
    return value.pow(2).sum() + slope.pow(2).sum(), model


EXPECT = {name: "reached" for name in ("0.weight", "0.bias", "2.weight", "2.bias")}
CUTS = [("detach", "dual = forward_ad.make_dual(h.detach(), h)")]
PARTIAL = ["0.weight", "0.bias"]
