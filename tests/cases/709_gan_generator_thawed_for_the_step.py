"""GAN: the generator is frozen by the critic's step, makes the images for its own step and is thawed just before backward()."""
import torch
from torch import nn


def toggle(net, on):
    for p in net.parameters():
        p.requires_grad_(on)


def step():
    torch.manual_seed(0)
    model = nn.ModuleDict({"g": nn.Linear(2, 3), "d": nn.Linear(3, 1)})
    toggle(model["g"], False)
    fake = model["g"](torch.randn(4, 2))
    score = model["d"](fake)
    toggle(model["g"], True)
    return nn.functional.softplus(-score).mean(), model


EXPECT = {"g.weight": "cut", "g.bias": "cut", "d.weight": "reached", "d.bias": "reached"}
CUTS = [("frozen", "p.requires_grad_(on)")]
ALT = {CUTS[0][1]: ["toggle(model[\"g\"], False)", 'fake = model["g"](torch.randn(4, 2))']}
