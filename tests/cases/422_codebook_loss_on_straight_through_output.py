"""The codebook loss is computed on the straight-through output instead of the looked-up code: the codebook stays at its start while
the reconstruction loss goes down.   Source: showlab/Olaf-World#8"""
import torch
from torch import nn
import torch.nn.functional as F


class VQ(nn.Module):
    def __init__(self):
        super().__init__()
        self.enc = nn.Linear(5, 3)
        self.codebook = nn.Embedding(6, 3)
        self.dec = nn.Linear(3, 5)

    def forward(self, x):
        z = self.enc(x)
        index = torch.cdist(z, self.codebook.weight).argmin(-1)
        z_q = self.codebook(index)
        z_q = z + (z_q - z).detach()
        codebook_loss = F.mse_loss(z_q, z.detach())
        return F.mse_loss(self.dec(z_q), x) + codebook_loss


def step():
    torch.manual_seed(0)
    model = VQ()
    return model(torch.randn(8, 5)), model


EXPECT = {"enc.weight": "reached", "enc.bias": "reached", "codebook.weight": "cut", "dec.weight": "reached", "dec.bias": "reached"}
CUTS = [("argmax/index", "index = torch.cdist(z, self.codebook.weight).argmin(-1)"),
        ("detach", "z_q = z + (z_q - z).detach()"), ("detach", "codebook_loss = F.mse_loss(z_q, z.detach())")]
PARTIAL = ["enc.weight", "enc.bias"]
