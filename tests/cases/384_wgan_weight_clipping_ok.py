"""WGAN critic step right after its weights were clipped in place through .data; the fake batch is detached.
Source: no thread (martinarjovsky/WassersteinGAN idiom)"""
import torch
from torch import nn


class WGAN(nn.Module):
    def __init__(self):
        super().__init__()
        self.gen = nn.Linear(2, 4)
        self.critic = nn.Sequential(nn.Linear(4, 6), nn.LeakyReLU(0.2), nn.Linear(6, 1, bias=False))

    def clip(self, c=0.3):
        for p in self.critic.parameters():
            p.data.clamp_(-c, c)


def step():
    torch.manual_seed(0)
    model = WGAN()
    model.clip()
    real, z = torch.randn(6, 4), torch.randn(6, 2)
    fake = model.gen(z).detach()
    return model.critic(fake).mean() - model.critic(real).mean(), model


EXPECT = {"gen.weight": "cut", "gen.bias": "cut", "critic.0.weight": "reached", "critic.0.bias": "reached", "critic.2.weight": "reached"}
CUTS = [("detach", "fake = model.gen(z).detach()")]
BUG = False
