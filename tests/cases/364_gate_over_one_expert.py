"""Top-k gating with k=1 softmaxes the single kept logit: always 1, and the gate's gradient is exactly zero.
Source: davidmrau/mixture-of-experts#27"""
import torch
from torch import nn
import torch.nn.functional as F


class MoE(nn.Module):
    def __init__(self, k=1):
        super().__init__()
        self.k = k
        self.w_gate = nn.Parameter(torch.randn(4, 3))
        self.experts = nn.ModuleList(nn.Linear(4, 2) for _ in range(3))

    def forward(self, x):
        logits = x @ self.w_gate
        top, index = logits.topk(self.k, dim=1)
        gates = torch.zeros_like(logits).scatter(1, index, top.softmax(1))
        y = torch.stack([e(x) for e in self.experts], 1)
        return (gates.unsqueeze(-1) * y).sum(1)


def step():
    torch.manual_seed(0)
    model = MoE()
    return F.cross_entropy(model(torch.randn(24, 4)), torch.tensor([0, 1] * 12)), model


EXPECT = {"w_gate": "zero"}
EXPECT.update({f"experts.{i}.{k}": "reached" for i in range(3) for k in ("weight", "bias")})
CUTS = [("argmax/index", "top, index = logits.topk(self.k, dim=1)")]
ZEROS = [("softmax", "gates = torch.zeros_like(logits).scatter(1, index, top.softmax(1))")]
