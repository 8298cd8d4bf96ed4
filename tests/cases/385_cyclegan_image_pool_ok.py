"""CycleGAN discriminator step on a replay buffer that stores .data of the generated images.
Source: junyanz/pytorch-CycleGAN-and-pix2pix idiom (ImagePool)"""
import torch
from torch import nn


class ImagePool:
    def __init__(self, size):
        self.size, self.images = size, []

    def query(self, images):
        out = []
        for image in images.data:
            image = image.unsqueeze(0)
            if len(self.images) < self.size:
                self.images.append(image)
                out.append(image)
            else:
                old = self.images[0].clone()
                self.images[0] = image
                out.append(old)
        return torch.cat(out, 0)


class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.g = nn.Linear(4, 4)
        self.d = nn.Linear(4, 1)


def step():
    torch.manual_seed(0)
    model = Model()
    pool = ImagePool(3)
    fake = pool.query(torch.tanh(model.g(torch.randn(5, 4))))
    real = torch.randn(5, 4)
    return ((model.d(real) - 1).pow(2).mean() + model.d(fake).pow(2).mean()) / 2, model


EXPECT = {"g.weight": "cut", "g.bias": "cut", "d.weight": "reached", "d.bias": "reached"}
CUTS = [("data", "for image in images.data:")]
BUG = False
