"""The expert of each row is looked up by a Python number, and the gate has no part in what it gives.
Source: no thread"""
import torch
from torch import nn
import torch.nn.functional as F


class Routed(nn.Module):
    def __init__(self):
        super().__init__()
        self.router = nn.Linear(4, 3)
        self.experts = nn.ModuleList(nn.Linear(4, 2) for _ in range(3))

    def forward(self, x):
        outs = []
        for row in x:
            index = self.router(row).argmax().item()
            outs.append(self.experts[index](row))
        return torch.stack(outs)


def step():
    torch.manual_seed(0)
    model = Routed()
    return F.mse_loss(model(torch.randn(12, 4)), torch.randn(12, 2)), model


EXPECT = {"router.weight": "cut", "router.bias": "cut", **{f"experts.{i}.{k}": "reached" for i in range(3) for k in ("weight", "bias")}}
CUTS = [("argmax/index", "index = self.router(row).argmax().item()")]
ALT_KINDS = {CUTS[0][1]: ["item"]}
