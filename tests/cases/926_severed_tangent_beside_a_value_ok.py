"""A direction made of a detached output is put beside the input for forward mode, and the slope along
it is for the log; the values alone go into the loss.
Source: no thread"""
import torch
from torch import nn
import torch.nn.functional as F
import torch.autograd.forward_ad as forward_ad


def step():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(4, 5), nn.Tanh(), nn.Linear(5, 3))
    x = torch.randn(6, 4)
    with forward_ad.dual_level():
        direction = torch.ones_like(x) * model(x).detach().mean()
        out = model(forward_ad.make_dual(x, direction))
        value, slope = forward_ad.unpack_dual(out)
        weight = forward_ad.make_dual(model[2].weight, model[2].weight.detach())
        again = forward_ad.unpack_dual(F.linear(torch.ones(1, 5), weight)).primal
        log = slope.norm().item()
    return F.cross_entropy(value, torch.arange(6) % 3) + again.mean(), model


EXPECT = {name: "reached" for name in ("0.weight", "0.bias", "2.weight", "2.bias")}
CUTS = []
BUG = False
