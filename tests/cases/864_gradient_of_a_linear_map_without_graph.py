"""gradient of a linear map without graph."""
import torch
from torch import nn
import torch.nn.functional as F
class Energy(nn.Module):
    def __init__(self):
        super().__init__()
        self.offset = nn.Linear(2, 1)
        self.k = nn.Parameter(torch.tensor(1.5))
        self.gain = nn.Parameter(torch.ones(()))

    def forces(self, pos, q):
        energy = self.k * (pos ** 2).sum() + self.offset(q).sum()
        return -torch.autograd.grad(energy, pos)[0]


def step():
    torch.manual_seed(0)
    model = Energy()
    pos = torch.randn(4, 2, requires_grad=True)
    f = model.forces(pos, torch.randn(4, 2))
    return (model.gain * f - 1).square().mean(), model


EXPECT = {"offset.weight": "unused", "offset.bias": "unused", "k": "cut", "gain": "reached"}
CUTS = [("grad_without_graph", "return -torch.autograd.grad(energy, pos)[0]")]
