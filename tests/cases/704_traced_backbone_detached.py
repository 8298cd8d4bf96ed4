"""A backbone exported with torch.jit.trace detaches its pooled features, as the exporting script did for a server."""
import warnings
import torch
from torch import nn


class Backbone(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv1d(1, 2, 3)

    def forward(self, x):
        return self.conv(x).mean(-1).detach()


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            self.backbone = torch.jit.trace(Backbone(), torch.randn(2, 1, 8))
        self.head = nn.Linear(2, 1)

    def forward(self, x):
        z = self.backbone(x)
        return self.head(z)


def step():
    torch.manual_seed(0)
    model = Net()
    return model(torch.randn(3, 1, 8)).square().mean(), model


EXPECT = {"backbone.conv.weight": "cut", "backbone.conv.bias": "cut", "head.weight": "reached", "head.bias": "reached"}
CUTS = [("detach", "z = self.backbone(x)")]
ALT = {CUTS[0][1]: ["return self.conv(x).mean(-1).detach()"]}
