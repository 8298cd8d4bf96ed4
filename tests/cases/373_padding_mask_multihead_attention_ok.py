"""MultiheadAttention with a key padding mask built from lengths and a causal mask: masks from integers sever nothing.
Source: torch.nn.MultiheadAttention documentation"""
import torch
from torch import nn
import torch.nn.functional as F


class Encoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.tok = nn.Embedding(9, 6, padding_idx=0)
        self.pos = nn.Parameter(torch.randn(5, 6) * 0.1)
        self.att = nn.MultiheadAttention(6, 2, batch_first=True)
        self.norm = nn.LayerNorm(6)
        self.out = nn.Linear(6, 2)

    def forward(self, ids):
        pad = ids == 0
        causal = torch.ones(5, 5).triu(1).bool()
        x = self.tok(ids) + self.pos
        y, weights = self.att(x, x, x, key_padding_mask=pad, attn_mask=causal)
        self.weights = weights.detach()
        keep = (~pad).float().unsqueeze(-1)
        return self.out((self.norm(x + y) * keep).sum(1) / keep.sum(1))


def step():
    torch.manual_seed(0)
    model = Encoder()
    return F.cross_entropy(model(torch.tensor([[3, 4, 0, 0, 0], [1, 2, 8, 5, 0]])), torch.tensor([0, 1])), model


EXPECT = {k: "reached" for k in ("tok.weight", "pos", "att.in_proj_weight", "att.in_proj_bias", "att.out_proj.weight",
                                 "att.out_proj.bias", "norm.weight", "norm.bias", "out.weight", "out.bias")}
CUTS = []
BUG = False
