"""Dynamic sparse training: a mask from the weight's own magnitude is computed under no_grad at each forward and multiplied in.
Source: no thread (idiom)"""
import torch
from torch import nn
import torch.nn.functional as F


class SparseLinear(nn.Linear):
    def forward(self, x):
        with torch.no_grad():
            size = self.weight.abs()
            mask = (size >= size.flatten().kthvalue(size.numel() // 2).values).to(self.weight.dtype)
        return F.linear(x, self.weight * mask, self.bias)


def step():
    torch.manual_seed(0)
    model = nn.Sequential(SparseLinear(5, 6), nn.ReLU(), SparseLinear(6, 2))
    return F.cross_entropy(model(torch.randn(6, 5)), torch.tensor([0, 1, 0, 1, 0, 1])), model


EXPECT = {f"{i}.{k}": "reached" for i in (0, 2) for k in ("weight", "bias")}
CUTS = [("no_grad", "size = self.weight.abs()")]
ALT = {CUTS[0][1]: ["with torch.no_grad():", "return F.cross_entropy(model(torch.randn(6, 5)), torch.tensor([0, 1, 0, 1, 0, 1])), model"]}
PARTIAL = ["0.weight", "2.weight"]
BUG = False
