"""Reentrant checkpointing of a tower that is frozen anyway: torch warns that no input requires grad, and nothing is lost.
Source: 2U1/Llama3.2-Vision-Finetune#27, OpenGVLab/Ask-Anything#235"""
import warnings
import torch
from torch import nn
from torch.utils.checkpoint import checkpoint
import torch.nn.functional as F


class VLM(nn.Module):
    def __init__(self):
        super().__init__()
        self.tower = nn.Sequential(nn.Linear(5, 6), nn.GELU(), nn.Linear(6, 6)).requires_grad_(False)
        self.projector = nn.Linear(6, 4)
        self.lm = nn.Linear(4, 7).requires_grad_(False)

    def forward(self, image):
        h = checkpoint(self.tower, image, use_reentrant=True)
        return self.lm(torch.tanh(self.projector(h)))


def step():
    torch.manual_seed(0)
    model = VLM()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        logits = model(torch.randn(3, 5))
    return F.cross_entropy(logits, torch.tensor([1, 3, 5])), model


EXPECT = {"tower.0.weight": "frozen", "tower.0.bias": "frozen", "tower.2.weight": "frozen", "tower.2.bias": "frozen",
          "projector.weight": "reached", "projector.bias": "reached", "lm.weight": "frozen", "lm.bias": "frozen"}
CUTS = []
BUG = False
