"""Continual learning: the anchor penalty is summed over model.state_dict() values in a comprehension, so it pulls nothing."""
import torch
from torch import nn


def step():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 1))
    anchor = {k: v.clone() + 0.1 for k, v in model.state_dict().items()}
    now = model.state_dict()
    penalty = sum((now[k] - anchor[k]).square().sum() for k in now)
    return model(torch.randn(6, 3)).square().mean() + penalty, model


EXPECT = {"0.weight": "reached", "0.bias": "reached", "2.weight": "reached", "2.bias": "reached"}
CUTS = [("detach", "now = model.state_dict()"), ("detach", "anchor = {k: v.clone() + 0.1 for k, v in model.state_dict().items()}")]
PARTIAL = list(EXPECT)
