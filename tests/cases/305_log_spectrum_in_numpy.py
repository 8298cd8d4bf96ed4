"""The spectral loss of a vocoder goes through numpy's FFT; only the waveform loss is left to train the generator.
Source: no thread (idiom)"""
import numpy as np
import torch
from torch import nn
import torch.nn.functional as F


class Vocoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.up = nn.Linear(4, 16)
        self.post = nn.Conv1d(1, 1, 3, padding=1)

    def forward(self, mel):
        return torch.tanh(self.post(self.up(mel).unsqueeze(1))).squeeze(1)


def log_spectrum(wave):
    spectrum = np.abs(np.fft.rfft(wave.detach().numpy(), axis=-1))
    return torch.from_numpy(np.log1p(spectrum)).float()


def step():
    torch.manual_seed(0)
    model = Vocoder()
    mel, wave = torch.randn(3, 4), torch.randn(3, 16)
    fake = model(mel)
    return F.l1_loss(fake, wave) + F.l1_loss(log_spectrum(fake), log_spectrum(wave)), model


EXPECT = {"up.weight": "reached", "up.bias": "reached", "post.weight": "reached", "post.bias": "reached"}
CUTS = [("numpy", "spectrum = np.abs(np.fft.rfft(wave.detach().numpy(), axis=-1))")]
ALT_KINDS = {CUTS[0][1]: ["detach"]}
PARTIAL = list(EXPECT)
