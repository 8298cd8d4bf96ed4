"""Live results written with copy_, index_copy_, masked_scatter and .out-free slicing into fresh tensors while grad mode is on: all
of it is recorded.   Source: no thread (idiom)"""
import torch
from torch import nn
import torch.nn.functional as F


class Merge(nn.Module):
    def __init__(self):
        super().__init__()
        self.text = nn.Embedding(9, 4)
        self.image = nn.Linear(5, 4)
        self.extra = nn.Parameter(torch.randn(2, 4))
        self.out = nn.Linear(4, 3)

    def forward(self, ids, pixels):
        x = torch.empty(*ids.shape, 4)
        x.copy_(self.text(ids))
        x = x.masked_scatter((ids == 0).unsqueeze(-1), self.image(pixels))
        x[:, -1].add_(self.extra)
        y = torch.zeros(len(ids), 4)
        y.index_copy_(0, torch.tensor([1, 0]), x.mean(1))
        return self.out(y)


def step():
    torch.manual_seed(0)
    model = Merge()
    return F.cross_entropy(model(torch.tensor([[0, 3, 4], [0, 7, 8]]), torch.randn(2, 5)), torch.tensor([0, 2])), model


EXPECT = {"text.weight": "reached", "image.weight": "reached", "image.bias": "reached", "extra": "reached", "out.weight": "reached",
          "out.bias": "reached"}
CUTS = []
BUG = False
