"""A learned prefix is written over placeholder embeddings with .data[...] = prefix.data, and the model being frozen nothing is left
that requires grad.   Source: cf. Atcold/NYU-DLSP20#863 (.data silently breaks graphs)"""
import torch
from torch import nn
import torch.nn.functional as F


class Prefixed(nn.Module):
    def __init__(self):
        super().__init__()
        self.prefix = nn.Parameter(torch.randn(2, 4))
        self.wte = nn.Embedding(8, 4).requires_grad_(False)
        self.head = nn.Linear(4, 8).requires_grad_(False)

    def forward(self, ids):
        x = self.wte(ids)
        x.data[:, :2] = self.prefix.data
        return self.head(torch.cumsum(x, 1))


def step():
    torch.manual_seed(0)
    model = Prefixed()
    ids = torch.randint(0, 8, (2, 6))
    return F.cross_entropy(model(ids)[:, :-1].flatten(0, 1), ids[:, 1:].flatten()), model


EXPECT = {"prefix": "cut", "wte.weight": "frozen", "head.weight": "frozen", "head.bias": "frozen"}
CUTS = [("data", "x.data[:, :2] = self.prefix.data")]
RAISES = "element 0 of tensors does not require grad and does not have a grad_fn"
