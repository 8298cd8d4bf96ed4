"""Mixed precision loop body: autocast around the forward pass, the loss scaled by a GradScaler and divided for accumulation.
Source: torch.amp documentation"""
import torch
from torch import nn
import torch.nn.functional as F


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv1d(2, 4, 3)
        self.norm = nn.GroupNorm(2, 4)
        self.fc = nn.Linear(4, 3)

    def forward(self, x):
        h = torch.relu(self.norm(self.conv(x)))
        with torch.autocast("cpu", enabled=False):
            h = h.float().mean(-1)
        return self.fc(h)


def step():
    torch.manual_seed(0)
    model = Net()
    scaler = torch.amp.GradScaler("cpu", init_scale=8.0)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        loss = F.cross_entropy(model(torch.randn(3, 2, 7)), torch.tensor([0, 1, 2])) / 4
    return scaler.scale(loss), model


EXPECT = {f"{m}.{k}": "reached" for m in ("conv", "norm", "fc") for k in ("weight", "bias")}
CUTS = []
BUG = False
