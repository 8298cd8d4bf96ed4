"""Hashing net that puts torch.sign into the pairwise loss; the quantisation-free classifier keeps the loss falling.
Source: cf. Hiyuur/SR-TOD#5"""
import torch
from torch import nn
import torch.nn.functional as F


class Hashing(nn.Module):
    def __init__(self):
        super().__init__()
        self.trunk = nn.Linear(5, 6)
        self.hash = nn.Linear(6, 4)
        self.cls = nn.Linear(6, 2)

    def forward(self, x):
        h = torch.relu(self.trunk(x))
        code = torch.sign(self.hash(h))
        return code, self.cls(h)


def step():
    torch.manual_seed(0)
    model = Hashing()
    y = torch.tensor([0, 1, 0, 1, 0, 1])
    code, logits = model(torch.randn(6, 5))
    same = (y[:, None] == y[None]).float()
    pair = F.binary_cross_entropy_with_logits(code @ code.t() / 2, same)
    return F.cross_entropy(logits, y) + pair, model


EXPECT = {"trunk.weight": "reached", "trunk.bias": "reached", "hash.weight": "zero", "hash.bias": "zero",
          "cls.weight": "reached", "cls.bias": "reached"}
CUTS = []
ZEROS = [("sign", "code = torch.sign(self.hash(h))")]
