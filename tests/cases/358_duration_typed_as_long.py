"""Text to speech: predicted durations are cast with .type(torch.LongTensor) and repeat the tokens; without a duration loss the
predictor is never trained.   Source: no thread (FastSpeech length regulator)"""
import torch
from torch import nn
import torch.nn.functional as F


class Speech(nn.Module):
    def __init__(self):
        super().__init__()
        self.text = nn.Embedding(7, 4)
        self.duration = nn.Linear(4, 1)
        self.mel = nn.Linear(4, 3)

    def forward(self, ids):
        h = self.text(ids)
        frames = F.softplus(self.duration(h)).squeeze(-1) + 1
        frames = frames.type(torch.LongTensor)
        return self.mel(torch.repeat_interleave(h, frames, dim=0))


def step():
    torch.manual_seed(0)
    model = Speech()
    mel = model(torch.tensor([1, 4, 2, 6]))
    return F.l1_loss(mel, torch.linspace(-1, 1, len(mel)).unsqueeze(1).expand(-1, 3)), model


EXPECT = {"text.weight": "reached", "duration.weight": "cut", "duration.bias": "cut", "mel.weight": "reached", "mel.bias": "reached"}
CUTS = [("integer_cast", "frames = frames.type(torch.LongTensor)")]
PARTIAL = ["text.weight"]
