"""Houlsby adapters in a frozen transformer block: the up-projection starts at zero, so the down-projection has zeros in step one;
only adapters, norms and head are trained.   Source: no thread (adapter idiom)"""
import torch
from torch import nn
import torch.nn.functional as F


class Adapter(nn.Module):
    def __init__(self, d, r):
        super().__init__()
        self.down = nn.Linear(d, r)
        self.up = nn.Linear(r, d)
        nn.init.zeros_(self.up.weight)
        nn.init.zeros_(self.up.bias)

    def forward(self, x):
        return x + self.up(F.relu(self.down(x)))


class Block(nn.Module):
    def __init__(self, d=6):
        super().__init__()
        self.norm = nn.LayerNorm(d)
        self.ffn = nn.Linear(d, d)
        self.adapter = Adapter(d, 4)

    def forward(self, x):
        return x + self.adapter(F.gelu(self.ffn(self.norm(x))))


def step():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(5, 6), Block(), Block(), nn.Linear(6, 3))
    for name, p in model.named_parameters():
        p.requires_grad = any(key in name for key in ("adapter", "norm")) or name.startswith("3.")
    return F.cross_entropy(model(torch.randn(8, 5)), torch.tensor([0, 1, 2, 0, 1, 2, 0, 1])), model


EXPECT = {"0.weight": "frozen", "0.bias": "frozen", "3.weight": "reached", "3.bias": "reached"}
for _i in (1, 2):
    EXPECT.update({f"{_i}.norm.weight": "reached", f"{_i}.norm.bias": "reached", f"{_i}.ffn.weight": "frozen", f"{_i}.ffn.bias": "frozen",
                   f"{_i}.adapter.down.weight": "zero", f"{_i}.adapter.down.bias": "zero",
                   f"{_i}.adapter.up.weight": "reached", f"{_i}.adapter.up.bias": "reached"})
CUTS = []
BUG = False
