"""Energy model trained on forces: positions require grad, forces are -dE/dx with create_graph=True. The energy's constant does not
enter the forces but the energy loss reaches it.   Source: no thread (SchNet idiom)"""
import torch
from torch import nn
import torch.nn.functional as F


class Potential(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Linear(3, 6)
        self.energy = nn.Linear(6, 1)

    def forward(self, pos):
        pos = pos.requires_grad_(True)
        e = self.energy(torch.tanh(self.embed(pos))).sum(1)
        force = -torch.autograd.grad(e.sum(), pos, create_graph=True)[0]
        return e.sum(), force


def step():
    torch.manual_seed(0)
    model = Potential()
    e, f = model(torch.randn(5, 3))
    return (e - 1.0).pow(2) + F.mse_loss(f, torch.randn(5, 3)), model


EXPECT = {"embed.weight": "reached", "embed.bias": "reached", "energy.weight": "reached", "energy.bias": "reached"}
CUTS = []
UNREGISTERED = 1  # the positions
BUG = False
