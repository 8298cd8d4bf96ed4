"""The output head is "tied" to the embedding through .data at construction of the logits: words that never occur in the input have
no gradient, and the head's half of the signal is lost.   Source: no thread (idiom)"""
import torch
from torch import nn
import torch.nn.functional as F


class LM(nn.Module):
    def __init__(self):
        super().__init__()
        self.wte = nn.Embedding(11, 5)
        self.rnn = nn.RNN(5, 5, batch_first=True)

    def forward(self, ids):
        h, _ = self.rnn(self.wte(ids))
        return F.linear(h, self.wte.weight.data)


def step():
    torch.manual_seed(0)
    model = LM()
    ids = torch.randint(0, 11, (2, 6))
    return F.cross_entropy(model(ids[:, :-1]).flatten(0, 1), ids[:, 1:].flatten()), model


EXPECT = {k: "reached" for k in ("wte.weight", "rnn.weight_ih_l0", "rnn.weight_hh_l0", "rnn.bias_ih_l0", "rnn.bias_hh_l0")}
CUTS = [("data", "return F.linear(h, self.wte.weight.data)")]
PARTIAL = ["wte.weight"]
