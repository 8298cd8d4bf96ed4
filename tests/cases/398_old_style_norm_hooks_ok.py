"""The hook-based spectral_norm and weight_norm of torch.nn.utils: originals train; the power iteration detaches inside torch.
Source: torch.nn.utils documentation"""
import warnings
import torch
from torch import nn
import torch.nn.functional as F


class SN(nn.Module):
    def __init__(self):
        super().__init__()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            self.conv = nn.utils.spectral_norm(nn.Conv2d(1, 2, 3))
            self.fc = nn.utils.weight_norm(nn.Linear(2, 1))

    def forward(self, x):
        h = F.leaky_relu(self.conv(x), 0.2)
        return self.fc(h.mean((2, 3)))


def step():
    torch.manual_seed(0)
    model = SN()
    return F.softplus(-model(torch.randn(4, 1, 6, 6))).mean(), model


EXPECT = {"conv.bias": "reached", "conv.weight_orig": "reached", "fc.bias": "reached", "fc.weight_g": "reached", "fc.weight_v": "reached"}
CUTS = []
LIBRARY_CUTS = ["h = F.leaky_relu(self.conv(x), 0.2)", "self.conv = nn.utils.spectral_norm(nn.Conv2d(1, 2, 3))",
                "self.fc = nn.utils.weight_norm(nn.Linear(2, 1))", "return self.fc(h.mean((2, 3)))"]
BUG = False
