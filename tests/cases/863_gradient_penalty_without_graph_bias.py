"""gradient penalty without graph bias."""
import torch
from torch import nn
import torch.nn.functional as F
class Critic(nn.Module):
    def __init__(self):
        super().__init__()
        self.a, self.b = nn.Linear(3, 4), nn.Linear(4, 1)
        self.w = nn.Parameter(torch.ones(()))


def step():
    torch.manual_seed(0)
    model = Critic()
    x = torch.randn(5, 3, requires_grad=True)
    g, = torch.autograd.grad(model.b(torch.tanh(model.a(x))).sum(), x)
    return model.w * (g.norm(dim=1) - 1).square().mean(), model


EXPECT = {"a.weight": "cut", "a.bias": "cut", "b.weight": "cut", "b.bias": "unused", "w": "reached"}
CUTS = [("grad_without_graph", "g, = torch.autograd.grad(model.b(torch.tanh(model.a(x))).sum(), x)")]
