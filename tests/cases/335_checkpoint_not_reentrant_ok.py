"""Checkpointing with use_reentrant=False over a frozen embedding: adapters inside the checkpoint train although no input requires
grad.   Source: fix of ai2cm/ace#1493"""
import torch
from torch import nn
from torch.utils.checkpoint import checkpoint
import torch.nn.functional as F


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.mix = nn.Linear(5, 5)
        self.norm = nn.LayerNorm(5)

    def forward(self, x):
        return x + F.gelu(self.mix(self.norm(x)))


class LM(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(9, 5).requires_grad_(False)
        self.blocks = nn.ModuleList(Block() for _ in range(2))
        self.head = nn.Linear(5, 9)

    def forward(self, ids):
        x = self.embed(ids)
        for block in self.blocks:
            x = checkpoint(block, x, use_reentrant=False)
        return self.head(x)


def step():
    torch.manual_seed(0)
    model = LM()
    ids = torch.randint(0, 9, (2, 5))
    return F.cross_entropy(model(ids[:, :-1]).flatten(0, 1), ids[:, 1:].flatten()), model


EXPECT = {"embed.weight": "frozen", "head.weight": "reached", "head.bias": "reached"}
EXPECT.update({f"blocks.{i}.{k}": "reached" for i in (0, 1) for k in ("mix.weight", "mix.bias", "norm.weight", "norm.bias")})
CUTS = []
BUG = False
