"""CLIP clamps its logit scale in place under no_grad at the start of the step; it trains as before.
Source: mlfoundations/open_clip training script idiom"""
import math
import torch
from torch import nn
import torch.nn.functional as F


class Clip(nn.Module):
    def __init__(self):
        super().__init__()
        self.image = nn.Linear(5, 3)
        self.text = nn.Linear(4, 3)
        self.logit_scale = nn.Parameter(torch.tensor(math.log(1 / 0.07)))


def step():
    torch.manual_seed(0)
    model = Clip()
    with torch.no_grad():
        model.logit_scale.clamp_(0, math.log(100))
    a, b = F.normalize(model.image(torch.randn(4, 5)), dim=-1), F.normalize(model.text(torch.randn(4, 4)), dim=-1)
    logits = model.logit_scale.exp() * a @ b.t()
    return (F.cross_entropy(logits, torch.arange(4)) + F.cross_entropy(logits.t(), torch.arange(4))) / 2, model


EXPECT = {"image.weight": "reached", "image.bias": "reached", "text.weight": "reached", "text.bias": "reached", "logit_scale": "reached"}
CUTS = []
BUG = False
