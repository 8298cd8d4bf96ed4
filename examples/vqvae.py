"""VQ-VAE: three stop-gradients, all meant. Encoder, codebook and decoder all train."""

import torch
from torch import nn
from torch.nn.functional import mse_loss

import gradviz


class VQVAE(nn.Module):
    """An encoder, a codebook of four entries, and a decoder."""

    def __init__(self):
        super().__init__()
        self.encoder = nn.Linear(3, 2)
        self.codebook = nn.Embedding(4, 2)
        self.decoder = nn.Linear(2, 3)

    def forward(self, x):
        """Return the three losses by name."""
        z = self.encoder(x)
        nearest = torch.cdist(z, self.codebook.weight).argmin(1)
        quantized = self.codebook(nearest)
        straight_through = z + (quantized - z).detach()
        return {
            "reconstruction": mse_loss(self.decoder(straight_through), x),
            "codebook": mse_loss(quantized, z.detach()),
            "commitment": mse_loss(z, quantized.detach()),
        }


def losses():
    """Run one step up to its three losses, to see which moves what."""
    torch.manual_seed(0)
    model = VQVAE()
    return model(torch.eye(3)), model


def step():
    """Run one step up to the sum of its losses."""
    each, model = losses()
    return sum(each.values()), model


if __name__ == "__main__":
    with gradviz.trace() as trace:
        loss, model = step()
        loss.backward()
    report = trace.report(loss, model)
    print(report)
    report.to_svg("vqvae.svg", engine="embedded")
