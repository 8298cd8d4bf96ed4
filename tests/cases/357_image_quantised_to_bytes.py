"""Adversarial patch: the rendered image is quantised to uint8 and back "as the camera would", and the patch generator is cut.
Source: no thread (idiom)"""
import torch
from torch import nn
import torch.nn.functional as F


class Patch(nn.Module):
    def __init__(self):
        super().__init__()
        self.style = nn.Parameter(torch.randn(1, 3))
        self.render = nn.Linear(3, 16)
        self.detector = nn.Linear(16, 2)


def camera(image):
    stored = (image * 255).clamp(0, 255).to(torch.uint8)
    return stored.float() / 255


def step():
    torch.manual_seed(0)
    model = Patch()
    image = torch.sigmoid(model.render(model.style))
    return -F.cross_entropy(model.detector(camera(image)), torch.tensor([1])), model


EXPECT = {"style": "cut", "render.weight": "cut", "render.bias": "cut", "detector.weight": "reached", "detector.bias": "reached"}
CUTS = [("integer_cast", "stored = (image * 255).clamp(0, 255).to(torch.uint8)")]
