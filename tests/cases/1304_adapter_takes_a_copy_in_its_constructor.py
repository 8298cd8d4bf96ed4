"""An adapter around a trained layer makes a parameter of its own out of the layer's weight, in its constructor: the model keeps the layer, and what trains is the copy.   Source: no thread (idiom)"""
import torch
from torch import nn
import torch.nn.functional as F


class Adapter(nn.Module):
    def __init__(self, base):
        super().__init__()
        self.weight = nn.Parameter(base.weight.detach().clone())
        self.scale = nn.Parameter(torch.ones(()))

    def forward(self, x):
        return self.scale * (x @ self.weight.T)


def step():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(3, 4, bias=False), nn.ReLU(), nn.Linear(4, 2))
    adapted = Adapter(model[0])
    h = model[1](adapted(torch.randn(5, 3)))
    return F.cross_entropy(model[2](h), torch.tensor([0, 1, 1, 0, 1])), model


EXPECT = {"0.weight": "cut", "2.weight": "reached", "2.bias": "reached"}
CUTS = [("detach", "self.weight = nn.Parameter(base.weight.detach().clone())")]
ALT = {CUTS[0][1]: ["adapted = Adapter(model[0])"]}
ALT_KINDS = {CUTS[0][1]: ["new_tensor", "data"]}
UNREGISTERED = 2
