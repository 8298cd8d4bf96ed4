"""The style vector is copied into an alias of the norm's weight, taken earlier from .data: the alias gets the history, the weight
does not.   Source: cf. Atcold/NYU-DLSP20#863 (.data silently breaks graphs)"""
import torch
from torch import nn
import torch.nn.functional as F


class AdaNorm(nn.Module):
    def __init__(self):
        super().__init__()
        self.style = nn.Linear(3, 5)
        self.norm = nn.LayerNorm(5)
        self.out = nn.Linear(5, 2)

    def forward(self, x, s):
        slot = self.norm.weight.data
        slot.copy_(1 + self.style(s))
        return self.out(self.norm(x))


def step():
    torch.manual_seed(0)
    model = AdaNorm()
    return F.cross_entropy(model(torch.randn(4, 5), torch.randn(3)), torch.tensor([0, 1, 1, 0])), model


EXPECT = {"style.weight": "cut", "style.bias": "cut", "norm.weight": "reached", "norm.bias": "reached", "out.weight": "reached",
          "out.bias": "reached"}
CUTS = [("data", "slot.copy_(1 + self.style(s))")]
ALT = {CUTS[0][1]: ["slot = self.norm.weight.data"]}
ALT_KINDS = {CUTS[0][1]: ["copy_under_no_grad"]}
