"""Fourier layer with complex weights: rfft, complex product, irfft, then the magnitude of a second spectrum. All reached.
Source: no thread (FNO idiom)"""
import torch
from torch import nn
import torch.nn.functional as F


class Fourier(nn.Module):
    def __init__(self):
        super().__init__()
        self.lift = nn.Linear(1, 3)
        self.spectral = nn.Parameter(torch.randn(3, 3, 5, dtype=torch.cfloat) * 0.3)
        self.drop = nn.Linear(3, 1)

    def forward(self, u):
        h = self.lift(u.unsqueeze(-1)).transpose(1, 2)
        modes = torch.fft.rfft(h)
        h = torch.fft.irfft(torch.einsum("bim,iom->bom", modes, self.spectral), n=h.shape[-1])
        return self.drop(F.gelu(h).transpose(1, 2)).squeeze(-1)


def step():
    torch.manual_seed(0)
    model = Fourier()
    u = torch.randn(2, 8)
    y = model(u)
    return F.mse_loss(y, u.roll(1, 1)) + torch.view_as_real(torch.fft.rfft(y)).norm(dim=-1).mean(), model


EXPECT = {"lift.weight": "reached", "lift.bias": "reached", "spectral": "reached", "drop.weight": "reached", "drop.bias": "reached"}
CUTS = []
BUG = False
