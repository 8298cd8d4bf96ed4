"""A penalty on a gradient through a custom Function whose backward keeps a history of its own: all that the slope depends on is reached.
Source: no thread (idiom)"""
import torch
from torch import nn


class Cube(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x ** 3

    @staticmethod
    def backward(ctx, g):
        (x,) = ctx.saved_tensors
        return 3 * x * x * g


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = nn.Linear(3, 3)
        self.b = nn.Linear(3, 1)

    def forward(self, x):
        return self.b(Cube.apply(self.a(x)))


def step():
    torch.manual_seed(0)
    model = Net()
    x = torch.randn(4, 3, requires_grad=True)
    (g,) = torch.autograd.grad(model(x).sum(), x, create_graph=True)
    return g.square().mean(), model


EXPECT = {'a.weight': 'reached', 'a.bias': 'reached', 'b.weight': 'reached', 'b.bias': 'unused'}
CUTS = []
BUG = False
