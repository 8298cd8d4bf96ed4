"""Sparse attention keeps the k largest scores: the mask comes from a comparison with the k-th value; the kept scores carry the
gradient.   Source: no thread (top-k attention idiom)"""
import torch
from torch import nn
import torch.nn.functional as F


class Sparse(nn.Module):
    def __init__(self):
        super().__init__()
        self.qk = nn.Linear(5, 10)
        self.v = nn.Linear(5, 5)
        self.out = nn.Linear(5, 2)

    def forward(self, x):
        q, k = self.qk(x).chunk(2, -1)
        scores = q @ k.transpose(1, 2)
        kth = scores.topk(2, dim=-1).values[..., -1:]
        drop = scores < kth
        return self.out((scores.masked_fill(drop, float("-inf")).softmax(-1) @ self.v(x)).mean(1))


def step():
    torch.manual_seed(0)
    model = Sparse()
    return F.cross_entropy(model(torch.randn(3, 6, 5)), torch.tensor([0, 1, 0])), model


EXPECT = {f"{m}.{k}": "reached" for m in ("qk", "v", "out") for k in ("weight", "bias")}
CUTS = [("comparison", "drop = scores < kth")]
PARTIAL = ["qk.weight", "qk.bias"]
BUG = False
