"""The KL term of a VAE is turned into a float to be multiplied with a python beta schedule: only the reconstruction
trains the encoder, and log_var never shrinks towards the prior.   Source: no thread (idiom)"""
import torch
from torch import nn
import torch.nn.functional as F


class VAE(nn.Module):
    def __init__(self):
        super().__init__()
        self.enc = nn.Linear(6, 8)
        self.dec = nn.Linear(4, 6)

    def forward(self, x):
        mu, log_var = self.enc(x).chunk(2, -1)
        z = mu + torch.randn_like(mu) * (0.5 * log_var).exp()
        kl = 0.5 * (mu.pow(2) + log_var.exp() - 1 - log_var).sum(-1).mean()
        return self.dec(z), kl


def step(epoch=3):
    torch.manual_seed(0)
    model = VAE()
    x = torch.randn(8, 6)
    rec, kl = model(x)
    beta = min(1.0, epoch / 10) * float(kl)
    return F.mse_loss(rec, x) + beta, model


EXPECT = {"enc.weight": "reached", "enc.bias": "reached", "dec.weight": "reached", "dec.bias": "reached"}
CUTS = [("item", "beta = min(1.0, epoch / 10) * float(kl)")]
PARTIAL = ["enc.weight", "enc.bias"]
