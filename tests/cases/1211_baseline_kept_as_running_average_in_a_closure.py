"""A baseline is kept by a closure's nonlocal as a plain number.
Source: no thread (idiom)"""
import torch
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.pi = nn.Linear(3, 2)
        self.v = nn.Linear(3, 1)


def make_baseline(decay):
    value = None

    def update(x):
        nonlocal value
        value = x if value is None else decay * value + (1 - decay) * x
        return value
    return update


def step():
    torch.manual_seed(0)
    model = Net()
    baseline = make_baseline(0.9)
    x = torch.randn(6, 3)
    total = 0.0
    for part in x.split(2):
        b = baseline(float(model.v(part).mean()))
        total = total + ((1.0 - b) * model.pi(part).log_softmax(-1)[:, 0]).mean()
    return total, model


EXPECT = {'pi.weight': 'reached', 'pi.bias': 'reached', 'v.weight': 'cut', 'v.bias': 'cut'}
CUTS = [('item', 'b = baseline(float(model.v(part).mean()))')]
