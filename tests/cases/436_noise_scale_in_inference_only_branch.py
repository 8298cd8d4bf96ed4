"""log_var is predicted, but the forward pass was left in its deterministic branch (z = mu) and the KL term was simplified: the
log_var head runs and is never read.   Source: no thread (idiom)"""
import torch
from torch import nn
import torch.nn.functional as F


class VAE(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Linear(5, 6)
        self.mu = nn.Linear(6, 2)
        self.log_var = nn.Linear(6, 2)
        self.dec = nn.Linear(2, 5)
        self.deterministic = True

    def forward(self, x):
        h = torch.relu(self.body(x))
        mu, log_var = self.mu(h), self.log_var(h)
        z = mu if self.deterministic else mu + torch.randn_like(mu) * (0.5 * log_var).exp()
        return self.dec(z), mu, log_var


def step():
    torch.manual_seed(0)
    model = VAE()
    x = torch.randn(6, 5)
    rec, mu, _ = model(x)
    return F.mse_loss(rec, x) + 0.1 * mu.pow(2).mean(), model


EXPECT = {f"{m}.{k}": "unused" if m == "log_var" else "reached" for m in ("body", "mu", "log_var", "dec") for k in ("weight", "bias")}
CUTS = []
