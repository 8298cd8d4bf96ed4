"""A pointer predicts a position, which is rounded and cast to long to look the memory up: the pointer never learns.
Source: cf. tensorflow/models#295"""
import torch
from torch import nn
import torch.nn.functional as F


class Pointer(nn.Module):
    def __init__(self):
        super().__init__()
        self.where = nn.Linear(5, 1)
        self.memory = nn.Embedding(8, 4)
        self.out = nn.Linear(4, 2)

    def forward(self, x):
        position = torch.sigmoid(self.where(x)).squeeze(-1) * 7
        index = torch.round(position).long()
        return self.out(self.memory(index))


def step():
    torch.manual_seed(0)
    model = Pointer()
    return F.cross_entropy(model(torch.randn(6, 5)), torch.tensor([0, 1, 0, 1, 0, 1])), model


EXPECT = {"where.weight": "cut", "where.bias": "cut", "memory.weight": "reached", "out.weight": "reached", "out.bias": "reached"}
CUTS = [("integer_cast", "index = torch.round(position).long()")]
