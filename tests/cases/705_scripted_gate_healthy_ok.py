"""A scripted gated unit that severs nothing: everything trains."""
import torch
from torch import nn

unit = torch.jit.CompilationUnit("""
def gate(x, a, b):
    return x * torch.sigmoid(a) + b
""")


class Gate(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(3, 3)
        self.a = nn.Parameter(torch.zeros(3))
        self.b = nn.Parameter(torch.zeros(3))

    def forward(self, x):
        return unit.gate(self.fc(x), self.a, self.b)


def step():
    torch.manual_seed(0)
    model = Gate()
    return (model(torch.randn(4, 3)) - 1).square().mean(), model


BUG = False
EXPECT = {"fc.weight": "reached", "fc.bias": "reached", "a": "reached", "b": "reached"}
CUTS = []
