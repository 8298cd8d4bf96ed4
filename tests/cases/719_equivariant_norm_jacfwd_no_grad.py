"""Equivariant net: the divergence is taken with jacfwd of a field whose envelope runs under no_grad."""
import torch
from torch import nn
from torch.func import jacfwd, vmap


class Field(nn.Module):
    def __init__(self):
        super().__init__()
        self.envelope, self.field = nn.Linear(3, 1), nn.Linear(3, 3)

    def forward(self, x):
        with torch.no_grad():
            e = self.envelope(x).exp()
        return torch.tanh(self.field(x)) * e


def step():
    torch.manual_seed(0)
    model = Field()
    j = vmap(jacfwd(model))(torch.randn(4, 3))
    return j.diagonal(dim1=1, dim2=2).sum(1).square().mean(), model


EXPECT = {"envelope.weight": "cut", "envelope.bias": "cut", "field.weight": "reached", "field.bias": "reached"}
CUTS = [("no_grad", "e = self.envelope(x).exp()")]
ALT = {CUTS[0][1]: ["with torch.no_grad():"]}
