"""All labels of the batch are of the class whose weight is zero: the classifier gets zeros.
Source: no thread (idiom)"""
import torch
from torch import nn
import torch.nn.functional as F


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.f = nn.Linear(3, 4)
        self.aux = nn.Linear(4, 2)


def step():
    torch.manual_seed(0)
    model = Net()
    h = torch.tanh(model.f(torch.randn(5, 3)))
    w = torch.tensor([0.0, 1.0])
    return F.cross_entropy(model.aux(h), torch.zeros(5, dtype=torch.long), weight=w, reduction="sum") + h.square().mean(), model


EXPECT = {'f.weight': 'reached', 'f.bias': 'reached', 'aux.weight': 'zero', 'aux.bias': 'zero'}
CUTS = []
ZEROS = [('zero', 'return F.cross_entropy(model.aux(h), torch.zeros(5, dtype=torch.long), weight=w, reduction="sum") + h.square().mean(), model')]
