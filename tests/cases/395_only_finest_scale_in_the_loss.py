"""A detector returns three scales; the loss takes outputs[-1] although the list was reversed, so two prediction layers are never
read.   Source: no thread (idiom)"""
import torch
from torch import nn
import torch.nn.functional as F


class FPN(nn.Module):
    def __init__(self):
        super().__init__()
        self.c1 = nn.Conv2d(1, 2, 3, padding=1)
        self.c2 = nn.Conv2d(2, 2, 3, stride=2, padding=1)
        self.c3 = nn.Conv2d(2, 2, 3, stride=2, padding=1)
        self.pred = nn.ModuleList(nn.Conv2d(2, 1, 1) for _ in range(3))

    def forward(self, x):
        a = torch.relu(self.c1(x))
        b = torch.relu(self.c2(a))
        c = torch.relu(self.c3(b))
        return [p(f) for p, f in zip(self.pred, (a, b, c))][::-1]


def step():
    torch.manual_seed(0)
    model = FPN()
    outputs = model(torch.randn(2, 1, 8, 8))
    return F.binary_cross_entropy_with_logits(outputs[-1], torch.rand(2, 1, 8, 8)), model


EXPECT = {"c1.weight": "reached", "c1.bias": "reached", "pred.0.weight": "reached", "pred.0.bias": "reached"}
EXPECT.update({f"{m}.{k}": "unused" for m in ("c2", "c3", "pred.1", "pred.2") for k in ("weight", "bias")})
CUTS = []
