"""All but the first of several penalties are numbers, and their sum is a factor.   Source: no thread (unpacking)"""
import torch
from torch import nn
class M(nn.Module):
    def __init__(self):
        super().__init__()
        self.f = nn.Linear(3, 1)
        self.gates = nn.Parameter(torch.tensor([0.371, 1.1347, 2.2219]))


def step():
    torch.manual_seed(0)
    model = M()
    _, *rest = [gate.item() for gate in model.gates]
    return model.f(torch.randn(4, 3)).square().mean() * (1 + sum(rest)), model


EXPECT = {"f.weight": "reached", "f.bias": "reached", "gates": "cut"}
CUTS = [("item", "_, *rest = [gate.item() for gate in model.gates]")]
