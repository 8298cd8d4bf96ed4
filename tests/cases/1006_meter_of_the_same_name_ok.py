"""A meter keeps .loss as a number, the outputs have a .loss that is live; a helper sums the outputs' times a weight."""
import torch
from torch import nn
import torch.nn.functional as F
from types import SimpleNamespace


class Meter:
    def __init__(self):
        self.loss = 0.0

    def update(self, loss):
        self.loss = 0.9 * self.loss + 0.1 * loss.item()


def total(outs):
    return sum(o.loss for o in outs)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.a, self.b, self.probe = nn.Linear(4, 4), nn.Linear(4, 1), nn.Linear(4, 1)


def step():
    torch.manual_seed(0)
    model, meter = Net(), Meter()
    x = torch.randn(5, 4)
    outs = []
    for k in range(2):
        h = torch.tanh(model.a(x + k))
        outs.append(SimpleNamespace(loss=model.b(h).pow(2).mean(), h=h))
        meter.update(model.probe(h.detach()).mean())
    return 0.4321987 * total(outs), model


EXPECT = {"a.weight": "reached", "a.bias": "reached", "b.weight": "reached", "b.bias": "reached", "probe.weight": "unused", "probe.bias": "unused"}
CUTS = []
BUG = False
