"""VQ: activations are rescaled in place through .data by a learned gain, and a slice of them is read without grad as the target."""
import torch
from torch import nn


class Vq(nn.Module):
    def __init__(self):
        super().__init__()
        self.enc = nn.Linear(3, 4)
        self.gain = nn.Parameter(torch.rand(4) + 0.5)
        self.dec = nn.Linear(4, 2)

    def forward(self, x):
        h = self.enc(x)
        h.data.mul_(self.gain)
        with torch.no_grad():
            target = h[:, :2] * 1.0
        return (self.dec(torch.tanh(self.enc(x))) - target).square().mean()


def step():
    torch.manual_seed(0)
    model = Vq()
    return model(torch.randn(5, 3)), model


EXPECT = {"enc.weight": "reached", "enc.bias": "reached", "gain": "cut", "dec.weight": "reached", "dec.bias": "reached"}
CUTS = [("data", "h.data.mul_(self.gain)"), ("no_grad", "target = h[:, :2] * 1.0")]
PARTIAL = ["enc.weight", "enc.bias"]
