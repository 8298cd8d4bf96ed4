"""Gradient norms and activations are logged by tensor, parameter, forward and full backward hooks that return nothing.
Source: no thread (idiom)"""
import torch
from torch import nn
import torch.nn.functional as F


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = nn.Linear(4, 5)
        self.b = nn.Linear(5, 2)
        self.log = []

    def forward(self, x):
        h = torch.relu(self.a(x))
        h.register_hook(lambda g: self.log.append(g.norm().item()))
        return self.b(h)


def step():
    torch.manual_seed(0)
    model = Net()
    model.b.weight.register_hook(lambda g: model.log.append(float(g.abs().max())))
    model.b.register_full_backward_hook(lambda m, gi, go: model.log.append(go[0].mean().tolist()))
    model.a.register_forward_hook(lambda m, args, out: model.log.append(out.detach().cpu().numpy().std()))
    return F.cross_entropy(model(torch.randn(4, 4)), torch.tensor([0, 1, 0, 1])), model


EXPECT = {"a.weight": "reached", "a.bias": "reached", "b.weight": "reached", "b.bias": "reached"}
CUTS = []
BUG = False
