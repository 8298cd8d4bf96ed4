"""Every row of a hidden layer is smoothed by numpy.apply_along_axis.
Source: no thread (idiom)"""
import numpy as np
import torch
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = nn.Linear(5, 5)
        self.b = nn.Linear(5, 1)


def smooth(row):
    return np.convolve(row, [0.25, 0.5, 0.25], mode="same")


def step():
    torch.manual_seed(0)
    model = Net()
    h = model.a(torch.randn(4, 5))
    s = np.apply_along_axis(smooth, 1, h.detach().cpu().numpy())
    return model.b(torch.as_tensor(s, dtype=torch.float32)).square().mean(), model


EXPECT = {'a.weight': 'cut', 'a.bias': 'cut', 'b.weight': 'reached', 'b.bias': 'reached'}
CUTS = [('detach', 's = np.apply_along_axis(smooth, 1, h.detach().cpu().numpy())')]
ALT_KINDS = {'s = np.apply_along_axis(smooth, 1, h.detach().cpu().numpy())': ['numpy']}
