"""Replaced-token detection shares the generator's embedding with the discriminator as E.detach() + delta: the discriminator's loss
trains delta, the masked LM loss trains E.   Source: no thread (DeBERTaV3)"""
import torch
from torch import nn
import torch.nn.functional as F


class GDES(nn.Module):
    def __init__(self, v=10, d=5):
        super().__init__()
        self.embed = nn.Embedding(v, d)
        self.delta = nn.Parameter(torch.zeros(v, d))
        self.gen = nn.Linear(d, v)
        self.disc = nn.Linear(d, 1)

    def forward(self, ids, corrupted):
        mlm = F.cross_entropy(self.gen(self.embed(ids)).flatten(0, 1), ids.flatten())
        shared = self.embed.weight.detach() + self.delta
        logits = self.disc(torch.tanh(F.embedding(corrupted, shared))).squeeze(-1)
        return mlm + 50 * F.binary_cross_entropy_with_logits(logits, (ids != corrupted).float())


def step():
    torch.manual_seed(0)
    model = GDES()
    ids = torch.randint(0, 10, (3, 6))
    return model(ids, torch.where(torch.rand(3, 6) < 0.3, torch.randint(0, 10, (3, 6)), ids)), model


EXPECT = {"embed.weight": "reached", "delta": "reached", "gen.weight": "reached", "gen.bias": "reached",
          "disc.weight": "reached", "disc.bias": "reached"}
CUTS = [("detach", "shared = self.embed.weight.detach() + self.delta")]
PARTIAL = ["embed.weight"]
BUG = False
