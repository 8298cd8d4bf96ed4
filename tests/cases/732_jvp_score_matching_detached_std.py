"""Sliced score matching by torch.func.jvp: the score is divided by a learned std that is detached inside."""
import torch
from torch import nn
from torch.func import jvp


class Score(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(2, 5), nn.SiLU(), nn.Linear(5, 2))
        self.std = nn.Parameter(torch.tensor(0.7))

    def forward(self, x):
        return self.net(x) / self.std.detach()


def step():
    torch.manual_seed(0)
    model = Score()
    x, v = torch.randn(6, 2), torch.randn(6, 2)
    s, js = jvp(model, (x,), (v,))
    return ((v * js).sum(1) + 0.5 * (v * s).sum(1).square()).mean(), model


EXPECT = {"net.0.weight": "reached", "net.0.bias": "reached", "net.2.weight": "reached", "net.2.bias": "reached", "std": "cut"}
CUTS = [("detach", "return self.net(x) / self.std.detach()")]
