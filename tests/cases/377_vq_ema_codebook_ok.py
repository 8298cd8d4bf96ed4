"""VQ with a codebook held in buffers and moved by exponential averages of the encoder's outputs: no codebook loss, only commitment
and straight-through. The averages are written after they were read.   Source: no thread (Sonnet-style VectorQuantizerEMA)"""
import torch
from torch import nn
import torch.nn.functional as F


class VQ(nn.Module):
    def __init__(self, n=6, d=3):
        super().__init__()
        embed = torch.randn(n, d)
        self.register_buffer("embed", embed)
        self.register_buffer("size", torch.ones(n))
        self.register_buffer("average", embed.clone())

    def forward(self, z):
        index = torch.cdist(z, self.embed).argmin(1)
        quantised = F.embedding(index, self.embed)
        if self.training:
            with torch.no_grad():
                onehot = F.one_hot(index, len(self.embed)).float()
                self.size.mul_(0.9).add_(onehot.sum(0), alpha=0.1)
                self.average.mul_(0.9).add_(onehot.t() @ z, alpha=0.1)
                self.embed = self.average / self.size.unsqueeze(1)
        commit = F.mse_loss(z, quantised)
        return z + (quantised - z).detach(), commit


class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.enc = nn.Linear(5, 3)
        self.vq = VQ()
        self.dec = nn.Linear(3, 5)

    def forward(self, x):
        q, commit = self.vq(self.enc(x))
        return F.mse_loss(self.dec(q), x) + 0.25 * commit


def step():
    torch.manual_seed(0)
    model = Model()
    return model(torch.randn(8, 5)), model


EXPECT = {"enc.weight": "reached", "enc.bias": "reached", "dec.weight": "reached", "dec.bias": "reached"}
CUTS = [("argmax/index", "index = torch.cdist(z, self.embed).argmin(1)"),
        ("detach", "return z + (quantised - z).detach(), commit")]
PARTIAL = ["enc.weight", "enc.bias"]
BUG = False
