"""Linear probing: one forward for both regimes, with torch.set_grad_enabled(self.finetune) around the backbone. Here finetune is off.
Source: no thread (idiom)"""
import torch
from torch import nn
import torch.nn.functional as F


class Probe(nn.Module):
    def __init__(self, finetune):
        super().__init__()
        self.finetune = finetune
        self.backbone = nn.Sequential(nn.Linear(6, 8), nn.GELU())
        self.head = nn.Linear(8, 3)

    def forward(self, x):
        with torch.set_grad_enabled(self.finetune):
            feats = self.backbone(x)
        return self.head(feats)


def step():
    torch.manual_seed(0)
    model = Probe(finetune=False)
    return F.cross_entropy(model(torch.randn(3, 6)), torch.tensor([0, 1, 2])), model


EXPECT = {"backbone.0.weight": "cut", "backbone.0.bias": "cut", "head.weight": "reached", "head.bias": "reached"}
CUTS = [("set_grad_enabled", "feats = self.backbone(x)")]
ALT = {CUTS[0][1]: ["with torch.set_grad_enabled(self.finetune):"]}
BUG = False
