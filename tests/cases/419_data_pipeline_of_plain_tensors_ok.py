"""Batch preparation full of numpy, item, detach, argmax, long and no_grad on tensors that never required grad (mixup, class weights,
padding): nothing of the model is involved.   Source: no thread (idiom)"""
import numpy as np
import torch
from torch import nn
import torch.nn.functional as F


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.tok = nn.Embedding(8, 5)
        self.lstm = nn.LSTM(5, 4, batch_first=True)
        self.out = nn.Linear(4, 3)

    def forward(self, ids, lengths):
        packed = nn.utils.rnn.pack_padded_sequence(self.tok(ids), lengths.cpu(), batch_first=True, enforce_sorted=False)
        _, (h, _) = self.lstm(packed)
        return self.out(h[-1])


@torch.no_grad()
def prepare(ids, scores):
    lengths = (ids != 0).sum(1).detach()
    y = scores.argmax(-1).long()
    counts = np.bincount(y.numpy(), minlength=3)
    weight = torch.from_numpy(counts.sum() / np.maximum(counts, 1)).float()
    return lengths, y, weight / weight.mean().item()


def step():
    torch.manual_seed(0)
    model = Net()
    ids = torch.tensor([[1, 2, 3, 0], [4, 5, 0, 0], [6, 7, 1, 2], [3, 0, 0, 0]])
    lengths, y, weight = prepare(ids, torch.randn(4, 3))
    order = lengths.argsort(descending=True)
    return F.cross_entropy(model(ids[order], lengths[order]), y[order], weight=torch.as_tensor(weight)), model


EXPECT = {k: "reached" for k in ("tok.weight", "lstm.weight_ih_l0", "lstm.weight_hh_l0", "lstm.bias_ih_l0", "lstm.bias_hh_l0",
                                 "out.weight", "out.bias")}
CUTS = []
BUG = False
