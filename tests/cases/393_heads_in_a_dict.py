"""Task heads live in a plain dict: they get gradients, model.parameters() does not know them.
Source: cf. pytorch/pytorch#715"""
import torch
from torch import nn
import torch.nn.functional as F


class MultiTask(nn.Module):
    def __init__(self, tasks):
        super().__init__()
        self.body = nn.Linear(4, 5)
        self.heads = {name: nn.Linear(5, size, bias=False) for name, size in tasks.items()}

    def forward(self, x):
        h = torch.tanh(self.body(x))
        return {name: head(h) for name, head in self.heads.items()}


def step():
    torch.manual_seed(0)
    model = MultiTask({"age": 1, "sex": 2, "mood": 3})
    out = model(torch.randn(4, 4))
    return (F.mse_loss(out["age"], torch.rand(4, 1)) + F.cross_entropy(out["sex"], torch.tensor([0, 1, 0, 1]))
            + F.cross_entropy(out["mood"], torch.tensor([0, 1, 2, 0]))), model


EXPECT = {"body.weight": "reached", "body.bias": "reached"}
CUTS = []
UNREGISTERED = 3
