"""The adjoint of a learned map is taken by torch.func.vjp, and its pullback is called inside no_grad, where it keeps no history.   Source: no thread (torch.func.vjp)"""
import torch
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.f = nn.Linear(3, 3)
        self.out = nn.Linear(3, 1)


def step():
    torch.manual_seed(0)
    model = Net()
    x = torch.randn(4, 3)
    h, pull = torch.func.vjp(lambda v: torch.tanh(model.f(v)), x)
    with torch.no_grad():
        (g,) = pull(torch.ones_like(h))
    return model.out(x + g).square().mean(), model


EXPECT = {"f.weight": "cut", "f.bias": "cut", "out.weight": "reached", "out.bias": "reached"}
CUTS = [("no_grad", "(g,) = pull(torch.ones_like(h))")]
ALT = {CUTS[0][1]: ["with torch.no_grad():"]}
SINCE = "2.11"  # until 2.9 at least, torch does not tell what nodes have saved: unused, with doubt
