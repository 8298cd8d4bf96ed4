"""NeRF: the fine samples are drawn from the coarse network's weights, detached; both networks have their own colour loss.
Source: yenchenlin/nerf-pytorch idiom (z_samples.detach())"""
import torch
from torch import nn
import torch.nn.functional as F


class NeRF(nn.Module):
    def __init__(self):
        super().__init__()
        self.coarse = nn.Linear(1, 2)
        self.fine = nn.Linear(1, 2)

    def render(self, net, z):
        sigma, colour = net(z.unsqueeze(-1)).unbind(-1)
        alpha = 1 - torch.exp(-F.softplus(sigma) * 0.25)
        weights = alpha * torch.cumprod(torch.cat([torch.ones_like(alpha[:, :1]), 1 - alpha[:, :-1]], 1), 1)
        return (weights * torch.sigmoid(colour)).sum(1), weights


def sample_pdf(z, weights, n):
    cdf = torch.cumsum((weights + 1e-5) / (weights + 1e-5).sum(1, keepdim=True), 1)
    u = torch.linspace(0.05, 0.95, n).expand(z.shape[0], n).contiguous()
    index = torch.searchsorted(cdf.detach(), u).clamp(max=z.shape[1] - 2)
    low = cdf.gather(1, index)
    return (z.gather(1, index) + 0.1 * (u - low)).detach()


def step():
    torch.manual_seed(0)
    model = NeRF()
    z, target = torch.linspace(0, 1, 5).expand(3, 5), torch.rand(3)
    rgb0, weights = model.render(model.coarse, z)
    extra = sample_pdf(z, weights, 4)
    rgb1, _ = model.render(model.fine, torch.cat([z, extra], 1).sort(1).values)
    return F.mse_loss(rgb0, target) + F.mse_loss(rgb1, target), model


EXPECT = {"coarse.weight": "reached", "coarse.bias": "reached", "fine.weight": "reached", "fine.bias": "reached"}
CUTS = [("detach", "index = torch.searchsorted(cdf.detach(), u).clamp(max=z.shape[1] - 2)"),
        ("detach", "return (z.gather(1, index) + 0.1 * (u - low)).detach()")]
PARTIAL = ["coarse.weight", "coarse.bias"]
BUG = False
