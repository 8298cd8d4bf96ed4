"""A decoder fills a preallocated tensor step by step with live results: in-place copies into slices are recorded, all trains.
Source: no thread (seq2seq tutorial idiom)"""
import torch
from torch import nn
import torch.nn.functional as F


class Decoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.cell = nn.GRUCell(3, 5)
        self.out = nn.Linear(5, 4)

    def forward(self, x):
        outputs = torch.zeros(x.shape[1], x.shape[0], 4)
        h = torch.zeros(x.shape[0], 5)
        for t in range(x.shape[1]):
            h = self.cell(x[:, t], h)
            outputs[t] = self.out(h)
        return outputs.transpose(0, 1)


def step():
    torch.manual_seed(0)
    model = Decoder()
    return F.cross_entropy(model(torch.randn(2, 4, 3)).flatten(0, 1), torch.randint(0, 4, (8,))), model


EXPECT = {"cell.weight_ih": "reached", "cell.weight_hh": "reached", "cell.bias_ih": "reached", "cell.bias_hh": "reached",
          "out.weight": "reached", "out.bias": "reached"}
CUTS = []
BUG = False
