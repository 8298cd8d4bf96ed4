"""The smaller of two critics is always the first: the second gets zeros from minimum.
Source: no thread (idiom)"""
import torch
from torch import nn


class C(nn.Module):
    def __init__(self):
        super().__init__()
        self.q1 = nn.Linear(3, 1)
        self.q2 = nn.Linear(3, 1)
        nn.init.constant_(self.q2.bias, 100.0)


def step():
    torch.manual_seed(0)
    model = C()
    x = torch.randn(5, 3)
    return -torch.min(model.q1(x), model.q2(x)).mean(), model


EXPECT = {'q1.weight': 'reached', 'q1.bias': 'reached', 'q2.weight': 'zero', 'q2.bias': 'zero'}
CUTS = []
ZEROS = [('zero', 'return -torch.min(model.q1(x), model.q2(x)).mean(), model')]
