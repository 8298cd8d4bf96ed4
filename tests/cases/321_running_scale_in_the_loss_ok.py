"""Feature loss divided by a running mean of its own size: the statistic is updated from detached values by design.
Source: no thread (idiom; loss normalisation in music and speech codecs)"""
import torch
from torch import nn
import torch.nn.functional as F


class Codec(nn.Module):
    def __init__(self):
        super().__init__()
        self.enc = nn.Linear(6, 3)
        self.dec = nn.Linear(3, 6)
        self.register_buffer("scale", torch.ones(()))

    def forward(self, x):
        return self.dec(torch.tanh(self.enc(x)))

    def balanced(self, loss):
        value = loss.detach()
        self.scale.mul_(0.9).add_(value, alpha=0.1)
        return loss / self.scale


def step():
    torch.manual_seed(0)
    model = Codec()
    x = torch.randn(5, 6)
    return model.balanced(F.mse_loss(model(x), x)), model


EXPECT = {"enc.weight": "reached", "enc.bias": "reached", "dec.weight": "reached", "dec.bias": "reached"}
CUTS = [("detach", "value = loss.detach()")]
PARTIAL = list(EXPECT)
BUG = False
