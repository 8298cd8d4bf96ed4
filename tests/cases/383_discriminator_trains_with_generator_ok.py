"""Generator step in which the discriminator is neither frozen nor detached: its gradients are computed and thrown away by zero_grad
later. Wasteful, correct.   Source: pytorch DCGAN tutorial idiom"""
import torch
from torch import nn
import torch.nn.functional as F


class DCGAN(nn.Module):
    def __init__(self):
        super().__init__()
        self.netG = nn.Sequential(nn.ConvTranspose2d(2, 3, 3, bias=False), nn.BatchNorm2d(3), nn.ReLU(),
                                  nn.ConvTranspose2d(3, 1, 3), nn.Tanh())
        self.netD = nn.Sequential(nn.Conv2d(1, 3, 3), nn.LeakyReLU(0.2), nn.Conv2d(3, 1, 3))


def step():
    torch.manual_seed(0)
    model = DCGAN()
    real = torch.randn(4, 1, 5, 5)
    fake = model.netG(torch.randn(4, 2, 1, 1))
    err_d_real = F.softplus(-model.netD(real)).mean()
    err_d_fake = F.softplus(model.netD(fake.detach())).mean()
    d_log = (err_d_real + err_d_fake).item()
    model.log = [f"D {d_log:.1f}"]
    return F.softplus(-model.netD(fake)).mean(), model


EXPECT = {f"netG.{k}": "reached" for k in ("0.weight", "1.weight", "1.bias", "3.weight", "3.bias")}
EXPECT.update({f"netD.{i}.{k}": "reached" for i in (0, 2) for k in ("weight", "bias")})
CUTS = []
BUG = False
