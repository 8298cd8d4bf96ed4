"""Losses of the micro-batches are collected with .item(), averaged in python and made a tensor again "so that backward works".
Source: cf. users who set requires_grad on the loss (pytorch/pytorch#92586)"""
import torch
from torch import nn
import torch.nn.functional as F


class Regressor(nn.Module):
    def __init__(self):
        super().__init__()
        self.hidden = nn.Linear(4, 6)
        self.out = nn.Linear(6, 1)

    def forward(self, x):
        return self.out(torch.tanh(self.hidden(x))).squeeze(-1)


def step():
    torch.manual_seed(0)
    model = Regressor()
    values = []
    for _ in range(4):
        x = torch.randn(5, 4)
        error = F.l1_loss(model(x), x.sum(-1))
        values.append(error.item())
    mean = sum(values) / len(values)
    return torch.tensor(mean, requires_grad=True), model


EXPECT = {"hidden.weight": "cut", "hidden.bias": "cut", "out.weight": "cut", "out.bias": "cut"}
CUTS = [("item", "values.append(error.item())")]
UNREGISTERED = 1
