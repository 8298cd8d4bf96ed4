"""Gradients are clipped by a tensor hook and masked by a parameter hook that protects one pretrained row; what is left is not zero.
Source: no thread (idiom)"""
import torch
from torch import nn
import torch.nn.functional as F


class Tagger(nn.Module):
    def __init__(self):
        super().__init__()
        self.tok = nn.Embedding(6, 4)
        self.rnn = nn.GRU(4, 5, batch_first=True)
        self.out = nn.Linear(5, 3)
        mask = torch.ones(6, 1)
        mask[0] = 0
        self.tok.weight.register_hook(lambda g: g * mask)

    def forward(self, ids):
        y, _ = self.rnn(self.tok(ids))
        y.register_hook(lambda g: g.clamp(-0.01, 0.01))
        return self.out(y)


def step():
    torch.manual_seed(0)
    model = Tagger()
    return F.cross_entropy(model(torch.randint(0, 6, (2, 5))).flatten(0, 1), torch.randint(0, 3, (10,))), model


EXPECT = {k: "reached" for k in ("tok.weight", "rnn.weight_ih_l0", "rnn.weight_hh_l0", "rnn.bias_ih_l0", "rnn.bias_hh_l0",
                                 "out.weight", "out.bias")}
CUTS = []
BUG = False
