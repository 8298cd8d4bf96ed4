"""A context manager gives a temperature that is read from the model.   Source: no thread (contextlib idiom)"""

import contextlib
import torch
from torch import nn
import torch.nn.functional as F


@contextlib.contextmanager
def annealed(model):
    yield 1 / model.temp.item()


class N(nn.Module):
    def __init__(self):
        super().__init__()
        self.f = nn.Linear(3, 2)
        self.temp = nn.Parameter(torch.tensor(1.7))


def step():
    torch.manual_seed(0)
    model = N()
    x = torch.randn(4, 3)
    with torch.enable_grad(), annealed(model) as t:
        y = model.f(x) * (t + 0.5)
    return F.cross_entropy(y, torch.tensor([0, 1, 1, 0])), model


EXPECT = {"temp": "cut", "f.weight": "reached", "f.bias": "reached"}
CUTS = [("item", "yield 1 / model.temp.item()")]
