"""The backbone runs under no_grad to save memory, its adapter under a nested enable_grad; backbone cut by design, adapter trains.
Source: no thread (idiom)"""
import torch
from torch import nn
import torch.nn.functional as F


class Adapted(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer0 = nn.Linear(5, 5)
        self.layer1 = nn.Linear(5, 5)
        self.adapter = nn.Linear(5, 5)
        self.head = nn.Linear(5, 2)

    @torch.no_grad()
    def features(self, x):
        h0 = torch.tanh(self.layer0(x))
        h1 = torch.tanh(self.layer1(h0))
        with torch.enable_grad():
            side = torch.relu(self.adapter(h0))
        return h1, side

    def forward(self, x):
        h1, side = self.features(x)
        return self.head(h1 + side)


def step():
    torch.manual_seed(0)
    model = Adapted()
    return F.cross_entropy(model(torch.randn(4, 5)), torch.tensor([0, 1, 0, 1])), model


EXPECT = {"layer0.weight": "cut", "layer0.bias": "cut", "layer1.weight": "cut", "layer1.bias": "cut",
          "adapter.weight": "reached", "adapter.bias": "reached", "head.weight": "reached", "head.bias": "reached"}
CUTS = [("no_grad", "h0 = torch.tanh(self.layer0(x))"), ("no_grad", "h1 = torch.tanh(self.layer1(h0))")]
ALT = {c[1]: ["@torch.no_grad()", "def features(self, x):", "h1, side = self.features(x)"] for c in CUTS}
BUG = False
