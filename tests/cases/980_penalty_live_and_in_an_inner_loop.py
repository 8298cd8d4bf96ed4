"""A weight decay is learned by one route, and tunes an inner loop of steps by another, which is severed.   Source: no thread (bilevel optimisation)"""
import torch
from torch import nn
class M(nn.Module):
    def __init__(self):
        super().__init__()
        self.decay = nn.Parameter(torch.tensor(0.4))
        self.f = nn.Linear(3, 1)


def step():
    torch.manual_seed(0)
    model = M()
    x = torch.randn(8, 3)
    w = torch.zeros(3, requires_grad=True)
    inner = torch.optim.SGD([w], lr=0.3)
    for _ in range(3):
        inner.zero_grad()
        loss = (x @ w - 1).square().mean() + model.decay.detach() * w.abs().sum()
        loss.backward()
        inner.step()
    return (model.f(x).squeeze() - x @ w.detach()).square().mean() + 0.1 * model.decay.square(), model


EXPECT = {"decay": "reached", "f.weight": "reached", "f.bias": "reached"}
CUTS = [("detach", "loss = (x @ w - 1).square().mean() + model.decay.detach() * w.abs().sum()")]
PARTIAL = ["decay"]
ALT = {CUTS[0][1]: ["return (model.f(x).squeeze() - x @ w.detach()).square().mean() + 0.1 * model.decay.square(), model"]}
