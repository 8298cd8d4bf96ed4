"""Decoder without teacher forcing: the argmax token of each step is embedded as the next input; gradient flows through the hidden
state, not through the token.   Source: seq2seq tutorial idiom (decoder_input = topi.detach())"""
import torch
from torch import nn
import torch.nn.functional as F


class Decoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(6, 4)
        self.cell = nn.GRUCell(4, 5)
        self.out = nn.Linear(5, 6)

    def forward(self, h, steps=3):
        token = torch.zeros(h.shape[0], dtype=torch.long)
        logits = []
        for _ in range(steps):
            h = self.cell(self.embed(token), h)
            logits.append(self.out(h))
            _, best = logits[-1].topk(1)
            token = best.squeeze(-1).detach()
        return torch.stack(logits, 1)


def step():
    torch.manual_seed(0)
    model = Decoder()
    logits = model(torch.randn(2, 5))
    return F.cross_entropy(logits.flatten(0, 1), torch.randint(0, 6, (6,))), model


EXPECT = {k: "reached" for k in ("embed.weight", "cell.weight_ih", "cell.weight_hh", "cell.bias_ih", "cell.bias_hh",
                                 "out.weight", "out.bias")}
CUTS = [("argmax/index", "_, best = logits[-1].topk(1)")]
PARTIAL = list(EXPECT)
BUG = False
