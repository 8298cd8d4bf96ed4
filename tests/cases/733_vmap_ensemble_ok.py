"""An ensemble evaluated with vmap over stacked parameters that stay the module's own: all train."""
import torch
from torch import nn
from torch.func import functional_call, vmap


class Ensemble(nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(3, 2, 4))
        self.bias = nn.Parameter(torch.zeros(3, 2))

    def forward(self, x):
        return vmap(lambda w, b: nn.functional.linear(x, w, b))(self.weight, self.bias)


def step():
    torch.manual_seed(0)
    model = Ensemble()
    return (model(torch.randn(5, 4)) - 1).square().mean(), model


BUG = False
EXPECT = {"weight": "reached", "bias": "reached"}
CUTS = []
