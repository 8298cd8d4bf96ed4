"""Switch layer: the expert is chosen by argmax, its output multiplied by the router's probability, so the router trains; the expert
that nobody chose gets zeros from its empty batch.   Source: cf. davidmrau/mixture-of-experts#27"""
import torch
from torch import nn
import torch.nn.functional as F


class Switch(nn.Module):
    def __init__(self):
        super().__init__()
        self.router = nn.Linear(4, 3)
        self.experts = nn.ModuleList(nn.Linear(4, 4) for _ in range(3))
        self.head = nn.Linear(4, 2)
        with torch.no_grad():
            self.router.bias.copy_(torch.tensor([0.0, 0.0, -50.0]))

    def forward(self, x):
        gate = self.router(x).softmax(-1)
        choice = gate.argmax(-1)
        out = torch.zeros_like(x)
        for i, expert in enumerate(self.experts):
            rows = choice == i
            out[rows] = expert(x[rows]) * gate[rows, i, None]
        return self.head(x + out)


def step():
    torch.manual_seed(0)
    model = Switch()
    return F.cross_entropy(model(torch.randn(8, 4)), torch.tensor([0, 1] * 4)), model


EXPECT = {"router.weight": "reached", "router.bias": "reached", "head.weight": "reached", "head.bias": "reached",
          "experts.0.weight": "reached", "experts.0.bias": "reached", "experts.1.weight": "reached", "experts.1.bias": "reached",
          "experts.2.weight": "zero", "experts.2.bias": "zero"}
CUTS = [("argmax/index", "choice = gate.argmax(-1)")]
PARTIAL = ["router.weight", "router.bias"]
ZEROS = [("empty_selection", "out[rows] = expert(x[rows]) * gate[rows, i, None]")]
BUG = False
