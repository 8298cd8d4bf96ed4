"""The decay of a linear recurrence goes into associative_scan as plain numbers.
Source: no thread (idiom)"""
import torch
from torch import nn


from torch._higher_order_ops.associative_scan import associative_scan
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.w = nn.Linear(3, 3)
        self.decay = nn.Parameter(torch.rand(3))

def mix(l, r):
    return l[0] * r[0], l[1] * r[0] + r[1]

def step():
    torch.manual_seed(0)
    model = Net()
    x = model.w(torch.randn(5, 3))
    a = model.decay.sigmoid().data.expand(5, 3)
    _, y = associative_scan(mix, (a, x), 0, combine_mode="generic")
    return y.square().mean(), model


EXPECT = {'decay': 'cut', 'w.weight': 'reached', 'w.bias': 'reached'}
CUTS = [('data', 'a = model.decay.sigmoid().data.expand(5, 3)')]
