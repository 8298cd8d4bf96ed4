"""Hash-like routing with a learned router: expert outputs are not multiplied by the gate, so the router only picks indices and never
learns.   Source: cf. davidmrau/mixture-of-experts#27"""
import torch
from torch import nn
import torch.nn.functional as F


class MoE(nn.Module):
    def __init__(self):
        super().__init__()
        self.router = nn.Linear(4, 2)
        self.experts = nn.ModuleList(nn.Linear(4, 4) for _ in range(2))
        self.head = nn.Linear(4, 2)

    def forward(self, x):
        choice = self.router(x).topk(1, dim=-1)[1].squeeze(-1)
        out = torch.stack([self.experts[i](row) for i, row in zip(choice.tolist(), x)])
        return self.head(out)


def step():
    torch.manual_seed(0)
    model = MoE()
    return F.cross_entropy(model(torch.randn(8, 4)), torch.tensor([0, 1] * 4)), model


EXPECT = {"router.weight": "cut", "router.bias": "cut", "experts.0.weight": "reached", "experts.0.bias": "reached",
          "experts.1.weight": "reached", "experts.1.bias": "reached", "head.weight": "reached", "head.bias": "reached"}
CUTS = [("argmax/index", "choice = self.router(x).topk(1, dim=-1)[1].squeeze(-1)")]
