"""SimSiam written with a second, unrecorded pass: the target projections are recomputed under no_grad.
Source: cf. lightly-ai/lightly#559"""
import torch
from torch import nn
import torch.nn.functional as F


class SimSiam(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder = nn.Linear(5, 4)
        self.predictor = nn.Linear(4, 4)

    @torch.no_grad()
    def target(self, x):
        return F.normalize(self.encoder(x), dim=-1)

    def forward(self, a, b):
        p = F.normalize(self.predictor(self.encoder(a)), dim=-1)
        return -(p * self.target(b)).sum(-1).mean()


def step():
    torch.manual_seed(0)
    model = SimSiam()
    a, b = torch.randn(6, 5), torch.randn(6, 5)
    return 0.5 * (model(a, b) + model(b, a)), model


EXPECT = {"encoder.weight": "reached", "encoder.bias": "reached", "predictor.weight": "reached", "predictor.bias": "reached"}
CUTS = [("no_grad", "return F.normalize(self.encoder(x), dim=-1)")]
ALT = {CUTS[0][1]: ["@torch.no_grad()", "def target(self, x):", "return -(p * self.target(b)).sum(-1).mean()"]}
PARTIAL = ["encoder.weight", "encoder.bias"]
BUG = False
