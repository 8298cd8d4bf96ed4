"""Perceptual loss whose feature extractor freezes itself with no_grad instead of requires_grad_(False): the generator's image is
inside, so the term is constant.   Source: no thread (idiom; the usual slip with VGG losses)"""
import torch
from torch import nn
import torch.nn.functional as F


class Perceptual(nn.Module):
    def __init__(self):
        super().__init__()
        self.vgg = nn.Conv2d(1, 4, 3).requires_grad_(False)

    def forward(self, fake, real):
        with torch.no_grad():
            a = torch.relu(self.vgg(fake))
            b = torch.relu(self.vgg(real))
        return F.l1_loss(a, b)


class SR(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Conv2d(1, 1, 3, padding=1)
        self.perceptual = Perceptual()


def step():
    torch.manual_seed(0)
    model = SR()
    low, high = torch.randn(2, 1, 6, 6), torch.randn(2, 1, 6, 6)
    fake = model.net(low)
    return 0.01 * F.l1_loss(fake, high) + model.perceptual(fake, high), model


EXPECT = {"net.weight": "reached", "net.bias": "reached", "perceptual.vgg.weight": "frozen", "perceptual.vgg.bias": "frozen"}
CUTS = [("no_grad", "a = torch.relu(self.vgg(fake))")]
ALT = {CUTS[0][1]: ["with torch.no_grad():"]}
PARTIAL = ["net.weight", "net.bias"]
