"""A custom activation reads the module's slope through a class attribute instead of taking it as an argument: autograd does not
know that it was an input.   Source: no thread (extending autograd)"""
import torch
from torch import nn
import torch.nn.functional as F


def make_op(owner):
    class Leaky(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return torch.maximum(x, x * owner.slope)

        @staticmethod
        def backward(ctx, g):
            x, = ctx.saved_tensors
            return torch.where(x > 0, g, g * owner.slope)

    return Leaky


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(4, 6)
        self.slope = nn.Parameter(torch.tensor(0.2))
        self.out = nn.Linear(6, 2)

    def forward(self, x):
        return self.out(make_op(self).apply(self.fc(x)))


def step():
    torch.manual_seed(0)
    model = Net()
    return F.cross_entropy(model(torch.randn(5, 4)), torch.tensor([0, 1, 0, 1, 0])), model


EXPECT = {"fc.weight": "reached", "fc.bias": "reached", "slope": "cut", "out.weight": "reached", "out.bias": "reached"}
CUTS = [("custom_function", "return torch.maximum(x, x * owner.slope)")]
ALT = {CUTS[0][1]: ["return self.out(make_op(self).apply(self.fc(x)))"]}
ALT_KINDS = {CUTS[0][1]: ["no_grad"]}
