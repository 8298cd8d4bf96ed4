"""Attention scores of the diagonal are overwritten by constants in a view of a live tensor, other rows are read before and after; in
grad mode torch records all of it.   Source: no thread (view and in-place semantics)"""
import torch
from torch import nn
import torch.nn.functional as F


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.q = nn.Linear(4, 4)
        self.bias = nn.Parameter(torch.zeros(5))
        self.v = nn.Linear(4, 2)

    def forward(self, x):
        scores = self.q(x) @ x.t()
        first = scores[0].sum()
        scores.diagonal().fill_(-1e4)
        row = scores[1]
        row += self.bias
        with torch.no_grad():
            self.entropy = -(scores.softmax(-1) * scores.log_softmax(-1)).sum(-1)
        return self.v(scores.softmax(-1) @ x), first


def step():
    torch.manual_seed(0)
    model = Net()
    y, first = model(torch.randn(5, 4))
    return F.cross_entropy(y, torch.tensor([0, 1, 0, 1, 0])) + 0.01 * first, model


EXPECT = {"q.weight": "reached", "q.bias": "reached", "bias": "reached", "v.weight": "reached", "v.bias": "reached"}
CUTS = []
BUG = False
