"""Domain-adversarial training: the gradient reversal layer negates what arrives at the features; all three parts train.
Source: no thread (DANN idiom)"""
import torch
from torch import nn
import torch.nn.functional as F


class Reverse(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, strength):
        ctx.strength = strength
        return x.view_as(x)

    @staticmethod
    def backward(ctx, g):
        return g.neg() * ctx.strength, None


class DANN(nn.Module):
    def __init__(self):
        super().__init__()
        self.features = nn.Linear(5, 6)
        self.label = nn.Linear(6, 3)
        self.domain = nn.Linear(6, 1)


def step():
    torch.manual_seed(0)
    model = DANN()
    h = torch.relu(model.features(torch.randn(8, 5)))
    label = F.cross_entropy(model.label(h[:4]), torch.tensor([0, 1, 2, 0]))
    side = torch.cat([torch.zeros(4), torch.ones(4)])
    domain = F.binary_cross_entropy_with_logits(model.domain(Reverse.apply(h, 0.5)).squeeze(1), side)
    return label + domain, model


EXPECT = {f"{m}.{k}": "reached" for m in ("features", "label", "domain") for k in ("weight", "bias")}
CUTS = []
BUG = False
