"""A bidirectional LSTM whose reverse half is sliced off before the classifier: the reverse weights get zeros.
Source: no thread (idiom)"""
import torch
from torch import nn
import torch.nn.functional as F


class Tagger(nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm = nn.LSTM(3, 4, batch_first=True, bidirectional=True)
        self.out = nn.Linear(4, 2)

    def forward(self, x):
        y, _ = self.lstm(x)
        return self.out(y[:, -1, :4])


def step():
    torch.manual_seed(0)
    model = Tagger()
    return F.cross_entropy(model(torch.randn(4, 5, 3)), torch.tensor([0, 1, 0, 1])), model


_w = ("weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0")
EXPECT = {f"lstm.{k}": "reached" for k in _w}
EXPECT.update({f"lstm.{k}_reverse": "zero" for k in _w})
EXPECT.update({"out.weight": "reached", "out.bias": "reached"})
CUTS = []
ZEROS = [("slice", "return self.out(y[:, -1, :4])")]
