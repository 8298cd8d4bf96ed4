"""SwAV: prototypes are normalised in the parameter itself before the forward pass, under no_grad, through a clone of .data; codes by
Sinkhorn under no_grad from detached scores.   Source: facebookresearch/swav idiom"""
import torch
from torch import nn
import torch.nn.functional as F


class SwAV(nn.Module):
    def __init__(self):
        super().__init__()
        self.enc = nn.Linear(5, 4)
        self.prototypes = nn.Linear(4, 3, bias=False)

    def forward(self, x):
        return self.prototypes(F.normalize(self.enc(x), dim=1))


@torch.no_grad()
def sinkhorn(scores, eps=0.5):
    q = torch.exp(scores / eps).t()
    for _ in range(2):
        q = q / q.sum(1, keepdim=True) / q.shape[0]
        q = q / q.sum(0, keepdim=True) / q.shape[1]
    return (q * q.shape[1]).t()


def step():
    torch.manual_seed(0)
    model = SwAV()
    with torch.no_grad():
        w = model.prototypes.weight.data.clone()
        model.prototypes.weight.copy_(F.normalize(w, dim=1))
    a, b = model(torch.randn(6, 5)), model(torch.randn(6, 5))
    codes = sinkhorn(a.detach())
    return -(codes * (b / 0.1).log_softmax(-1)).sum(-1).mean(), model


EXPECT = {"enc.weight": "reached", "enc.bias": "reached", "prototypes.weight": "reached"}
CUTS = [("detach", "codes = sinkhorn(a.detach())")]
LIBRARY_CUTS = ["w = model.prototypes.weight.data.clone()", "model.prototypes.weight.copy_(F.normalize(w, dim=1))"]
PARTIAL = ["enc.weight", "enc.bias", "prototypes.weight"]
BUG = False
