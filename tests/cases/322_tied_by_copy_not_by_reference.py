"""Decoder "tied" to the encoder by copying the transposed weight under no_grad at every forward: the decoder's half of the gradient
goes to a tensor that is overwritten next time.   Source: no thread (idiom)"""
import torch
from torch import nn
import torch.nn.functional as F


class TiedAE(nn.Module):
    def __init__(self):
        super().__init__()
        self.enc = nn.Linear(6, 3)
        self.dec = nn.Linear(3, 6)

    def forward(self, x):
        with torch.no_grad():
            self.dec.weight.copy_(self.enc.weight.t())
        return self.dec(torch.relu(self.enc(x)))


def step():
    torch.manual_seed(0)
    model = TiedAE()
    x = torch.randn(5, 6)
    return F.mse_loss(model(x), x), model


EXPECT = {"enc.weight": "reached", "enc.bias": "reached", "dec.weight": "reached", "dec.bias": "reached"}
CUTS = [("copy_under_no_grad", "self.dec.weight.copy_(self.enc.weight.t())")]
ALT = {CUTS[0][1]: ["with torch.no_grad():"]}
ALT_KINDS = {CUTS[0][1]: ["no_grad"]}
PARTIAL = ["enc.weight"]
