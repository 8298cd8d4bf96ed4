"""VAE that draws z with dist.sample(): the reconstruction does not reach the encoder, only the KL term does, so it collapses.
Source: no thread (torch.distributions documentation)"""
import torch
from torch import nn
from torch.distributions import Normal, kl_divergence
import torch.nn.functional as F


class VAE(nn.Module):
    def __init__(self):
        super().__init__()
        self.enc = nn.Linear(5, 4)
        self.dec = nn.Linear(2, 5)

    def forward(self, x):
        loc, raw = self.enc(x).chunk(2, -1)
        dist = Normal(loc, F.softplus(raw) + 1e-3)
        z = dist.sample()
        kl = kl_divergence(dist, Normal(torch.zeros(2), torch.ones(2))).sum(-1).mean()
        return F.mse_loss(self.dec(z), x) + 0.1 * kl


def step():
    torch.manual_seed(0)
    model = VAE()
    return model(torch.randn(6, 5)), model


EXPECT = {"enc.weight": "reached", "enc.bias": "reached", "dec.weight": "reached", "dec.bias": "reached"}
CUTS = [("non_differentiable", "z = dist.sample()")]
ALT_KINDS = {CUTS[0][1]: ["no_grad"]}
PARTIAL = ["enc.weight", "enc.bias"]
