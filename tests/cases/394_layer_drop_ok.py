"""LayerDrop skips a random block in this step: its parameters are not used by this loss, and that is the method.
Source: no thread (wav2vec 2.0 LayerDrop)"""
import random
import torch
from torch import nn
import torch.nn.functional as F


class Encoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.ModuleList(nn.Linear(4, 4) for _ in range(4))
        self.out = nn.Linear(4, 2)

    def forward(self, x, dice):
        for layer in self.layers:
            if dice.random() < 0.5:
                continue
            x = x + torch.tanh(layer(x))
        return self.out(x)


def step():
    torch.manual_seed(0)
    model = Encoder()
    dice = random.Random(1)  # 0.13, 0.85, 0.76, 0.26
    return F.cross_entropy(model(torch.randn(4, 4), dice), torch.tensor([0, 1, 1, 0])), model


EXPECT = {f"layers.{i}.{k}": v for i, v in enumerate(("unused", "reached", "reached", "unused")) for k in ("weight", "bias")}
EXPECT.update({"out.weight": "reached", "out.bias": "reached"})
CUTS = []
BUG = False
