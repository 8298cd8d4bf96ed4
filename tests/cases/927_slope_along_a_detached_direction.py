"""The slope of one network along a direction that another gives, which is detached on the way.
Source: no thread"""
import torch
from torch import nn
import torch.autograd.forward_ad as forward_ad


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Linear(4, 3)
        self.guide = nn.Linear(4, 4)


def step():
    torch.manual_seed(0)
    model = Net()
    x = torch.randn(6, 4)
    with forward_ad.dual_level():
        direction = model.guide(x).detach()
        dual = forward_ad.make_dual(x, direction)
        slope = forward_ad.unpack_dual(model.body(dual).tanh()).tangent
    return slope.pow(2).sum(), model


EXPECT = {
    "body.weight": "reached",
    "body.bias": "reached",
    "guide.weight": "cut",
    "guide.bias": "cut",
}
CUTS = [("detach", "direction = model.guide(x).detach()")]
