"""Rows are kept in the order of a learned score, which are taken off a list one by one.   Source: no thread (non-maximum suppression)"""
import torch
from torch import nn
class M(nn.Module):
    def __init__(self):
        super().__init__()
        self.f = nn.Linear(3, 1)
        self.score = nn.Parameter(torch.tensor([0.4, -0.2, 1.3, 0.9]))


def best(score, most):
    order = score.argsort(descending=True).tolist()
    keep = []
    while order and len(keep) < most:
        keep.append(order.pop(0))
    return torch.tensor(keep)


def step():
    torch.manual_seed(0)
    model = M()
    x = torch.randn(4, 3)
    return model.f(x[best(model.score, 2)]).square().mean(), model


EXPECT = {"f.weight": "reached", "f.bias": "reached", "score": "cut"}
CUTS = [("non_differentiable", "order = score.argsort(descending=True).tolist()")]
ALT_KINDS = {"order = score.argsort(descending=True).tolist()": ["item"]}
