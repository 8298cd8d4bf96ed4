"""A scripted recurrent cell scales its state by gate.item(), unseen from Python."""
import torch
from torch import nn

cell = torch.jit.CompilationUnit("""
def run(xs, w, gate):
    h = torch.zeros(xs.size(1), w.size(0))
    for i in range(xs.size(0)):
        h = torch.tanh(xs[i] @ w) + h * gate.item()
    return h
""")


class Rnn(nn.Module):
    def __init__(self):
        super().__init__()
        self.w = nn.Parameter(torch.randn(3, 3))
        self.gate = nn.Parameter(torch.tensor(0.4))
        self.out = nn.Linear(3, 1)

    def forward(self, xs):
        h = cell.run(xs, self.w, self.gate)
        return self.out(h)


def step():
    torch.manual_seed(0)
    model = Rnn()
    return model(torch.randn(3, 4, 3)).square().mean(), model


EXPECT = {"w": "reached", "gate": "cut", "out.weight": "reached", "out.bias": "reached"}
CUTS = [("item", "h = cell.run(xs, self.w, self.gate)")]
