"""Stateful LSTM: the state is detached at the end of forward and stored on the module for the next batch; this step's loss uses the
live one.   Source: no thread (stateful RNN idiom)"""
import torch
from torch import nn
import torch.nn.functional as F


class Stateful(nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm = nn.LSTM(3, 4, batch_first=True)
        self.out = nn.Linear(8, 3)
        self.state = None

    def forward(self, x):
        y, (h, c) = self.lstm(x, self.state)
        self.state = (h.detach(), c.detach())
        return self.out(torch.cat([y[:, -1], c[0]], -1))


def step():
    torch.manual_seed(0)
    model = Stateful()
    return F.mse_loss(model(torch.randn(2, 5, 3)), torch.randn(2, 3)), model


EXPECT = {f"lstm.{k}": "reached" for k in ("weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0")}
EXPECT.update({"out.weight": "reached", "out.bias": "reached"})
CUTS = []
BUG = False
