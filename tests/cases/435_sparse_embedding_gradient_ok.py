"""Embedding and EmbeddingBag with sparse=True: gradients arrive as sparse tensors.
Source: torch.nn.Embedding documentation"""
import torch
from torch import nn
import torch.nn.functional as F


class Recommender(nn.Module):
    def __init__(self):
        super().__init__()
        self.user = nn.Embedding(9, 4, sparse=True)
        self.tags = nn.EmbeddingBag(7, 4, mode="sum", sparse=True)
        self.out = nn.Linear(8, 1)

    def forward(self, user, tags):
        return self.out(torch.cat([self.user(user), self.tags(tags)], -1)).squeeze(-1)


def step():
    torch.manual_seed(0)
    model = Recommender()
    y = model(torch.tensor([1, 4, 8]), torch.tensor([[1, 2], [0, 6], [3, 3]]))
    return F.binary_cross_entropy_with_logits(y, torch.tensor([1.0, 0.0, 1.0])), model


EXPECT = {"user.weight": "reached", "tags.weight": "reached", "out.weight": "reached", "out.bias": "reached"}
CUTS = []
BUG = False
