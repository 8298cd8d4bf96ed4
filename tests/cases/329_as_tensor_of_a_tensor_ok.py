"""Input helpers call torch.as_tensor and torch.asarray on whatever they get; on a live tensor of the same dtype they return it, so
nothing is severed.   Source: no thread (as_tensor documentation)"""
import torch
from torch import nn
import torch.nn.functional as F


def ensure(x, dtype=torch.float32):
    return torch.as_tensor(x, dtype=dtype)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.loc = nn.Linear(4, 2)
        self.scale = nn.Linear(4, 2)
        self.mix = nn.Linear(2, 1)

    def forward(self, x):
        loc, scale = ensure(self.loc(x)), torch.asarray(F.softplus(self.scale(x)))
        return self.mix(loc * scale)


def step():
    torch.manual_seed(0)
    model = Net()
    return F.mse_loss(model(ensure([[0.1, 0.2, 0.3, 0.4], [0.5, -0.6, 0.7, 0.8]])), torch.ones(2, 1)), model


SINCE = "2.13"  # until 2.9 at least, torch.asarray returned a tensor that does not require grad
EXPECT = {f"{m}.{k}": "reached" for m in ("loc", "scale", "mix") for k in ("weight", "bias")}
CUTS = []
BUG = False
