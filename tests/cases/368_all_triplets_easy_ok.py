"""All triplets already satisfy the margin: the hinge is the maximum with a constant zero, the step moves nothing.
Source: no thread (triplet loss idiom)"""
import torch
from torch import nn


class Embed(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Linear(2, 3)


def step():
    torch.manual_seed(0)
    model = Embed()
    anchor = model.net(torch.tensor([[1.0, 0.0], [0.0, 1.0]]))
    positive = model.net(torch.tensor([[1.0, 0.1], [0.1, 1.0]]))
    negative = model.net(torch.tensor([[-90.0, 0.0], [0.0, -90.0]]))
    gap = (anchor - positive).norm(dim=1) - (anchor - negative).norm(dim=1) + 0.2
    return torch.maximum(gap, torch.zeros(())).mean(), model


EXPECT = {"net.weight": "zero", "net.bias": "zero"}
CUTS = []
ZEROS = [("maximum", "return torch.maximum(gap, torch.zeros(())).mean(), model")]
BUG = False
