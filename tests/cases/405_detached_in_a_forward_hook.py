"""Embeddings are collected by a forward hook that stores output.clone().detach(), as feature-extraction recipes do, and then trained
on: the image tower never learns.   Source: lucidrains/CoCa-pytorch#6"""
import torch
from torch import nn
import torch.nn.functional as F


class Extractor(nn.Module):
    def __init__(self, net):
        super().__init__()
        self.net = net
        self.latent = None
        net[1].register_forward_hook(self.keep)

    def keep(self, module, args, output):
        self.latent = output.clone().detach()

    def forward(self, x):
        self.net(x)
        return self.latent


class CoCa(nn.Module):
    def __init__(self):
        super().__init__()
        self.image = Extractor(nn.Sequential(nn.Linear(6, 5), nn.ReLU(), nn.Linear(5, 3)))
        self.project = nn.Linear(5, 4)
        self.text = nn.Embedding(7, 4)


def step():
    torch.manual_seed(0)
    model = CoCa()
    v = F.normalize(model.project(model.image(torch.randn(4, 6))), dim=-1)
    t = F.normalize(model.text(torch.tensor([1, 3, 5, 6])), dim=-1)
    return F.cross_entropy(v @ t.t() / 0.2, torch.arange(4)), model


EXPECT = {"image.net.0.weight": "cut", "image.net.0.bias": "cut", "image.net.2.weight": "unused", "image.net.2.bias": "unused",
          "project.weight": "reached", "project.bias": "reached", "text.weight": "reached"}
CUTS = [("detach", "self.latent = output.clone().detach()")]
ALT = {CUTS[0][1]: ["self.net(x)"]}
