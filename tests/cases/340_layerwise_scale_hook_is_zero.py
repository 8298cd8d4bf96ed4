"""Layer-wise learning rates by parameter hooks: depth // len(layers) is an integer division, so every layer but the last is scaled
by 0.   Source: no thread (idiom)"""
import torch
from torch import nn
import torch.nn.functional as F


def step():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(4, 5), nn.Linear(5, 5), nn.Linear(5, 2))
    for depth, layer in enumerate(model, 1):
        scale = depth // len(model)
        for p in layer.parameters():
            p.register_hook(lambda g, scale=scale: g * scale)
    return F.cross_entropy(model(torch.randn(4, 4)), torch.tensor([0, 1, 0, 1])), model


EXPECT = {"0.weight": "zero", "0.bias": "zero", "1.weight": "zero", "1.bias": "zero", "2.weight": "reached", "2.bias": "reached"}
CUTS = [("hook", "p.register_hook(lambda g, scale=scale: g * scale)")]
ZEROS = [("hook", "p.register_hook(lambda g, scale=scale: g * scale)")]
