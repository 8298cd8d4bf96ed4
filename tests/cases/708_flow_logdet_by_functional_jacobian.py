"""Normalising flow: the log determinant comes from torch.autograd.functional.jacobian without create_graph, so it trains nothing."""
import torch
from torch import nn


class Flow(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Linear(2, 2)

    def forward(self, x):
        return x + torch.tanh(self.net(x))


def step():
    torch.manual_seed(0)
    model = Flow()
    x = torch.randn(2)
    j = torch.autograd.functional.jacobian(model, x)
    return model(x).square().sum() / 2 - torch.linalg.slogdet(j).logabsdet, model


EXPECT = {"net.weight": "reached", "net.bias": "reached"}
CUTS = [("grad_without_graph", "j = torch.autograd.functional.jacobian(model, x)")]
PARTIAL = ["net.weight", "net.bias"]
