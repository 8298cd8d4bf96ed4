"""Modality dropout is configured with p=1.0 for "off": the audio branch is always dropped and has zeros.
Source: no thread (idiom; keep probability passed as drop probability)"""
import torch
from torch import nn
import torch.nn.functional as F


class AudioVisual(nn.Module):
    def __init__(self, keep=1.0):
        super().__init__()
        self.audio = nn.Linear(4, 5)
        self.video = nn.Linear(6, 5)
        self.drop = nn.Dropout(p=keep)
        self.out = nn.Linear(5, 3)

    def forward(self, a, v):
        return self.out(torch.tanh(self.video(v)) + self.drop(torch.tanh(self.audio(a))))


def step():
    torch.manual_seed(0)
    model = AudioVisual()
    return F.cross_entropy(model(torch.randn(3, 4), torch.randn(3, 6)), torch.tensor([0, 1, 2])), model


EXPECT = {"audio.weight": "zero", "audio.bias": "zero", "video.weight": "reached", "video.bias": "reached",
          "out.weight": "reached", "out.bias": "reached"}
CUTS = []
ZEROS = [("dropout", "return self.out(torch.tanh(self.video(v)) + self.drop(torch.tanh(self.audio(a))))")]
