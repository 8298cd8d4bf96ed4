"""Two learned settings are written into one line of text and read back.   Source: no thread (text round trip)"""
import torch
from torch import nn
import re


class M(nn.Module):
    def __init__(self):
        super().__init__()
        self.f = nn.Linear(3, 2)
        self.gain = nn.Parameter(torch.tensor(0.71))
        self.shift = nn.Parameter(torch.tensor(1.93))


def step():
    torch.manual_seed(0)
    model = M()
    text = f"gain={model.gain.item():.4f};shift={model.shift.item():.4f}"
    gain, shift = (float(value) for value in re.findall(r"=([\d.]+)", text))
    return (model.f(torch.randn(4, 3)) * gain + shift).square().mean(), model


EXPECT = {"f.weight": "reached", "f.bias": "reached", "gain": "cut", "shift": "cut"}
CUTS = [("item", 'text = f"gain={model.gain.item():.4f};shift={model.shift.item():.4f}"')]
