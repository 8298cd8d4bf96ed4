"""MoE layers keep their balance loss in an attribute as .item() 'so that the module can be deep-copied'; the trainer sums them: the gate gets its gradient by the output alone."""
import torch
from torch import nn
import torch.nn.functional as F


class MoE(nn.Module):
    def __init__(self, d=6, n=3):
        super().__init__()
        self.gate = nn.Linear(d, n, bias=False)
        self.w = nn.Parameter(torch.randn(n, d, d) / 3)

    def forward(self, x):
        p = self.gate(x).softmax(-1)
        top, idx = p.topk(2, -1)
        load = F.one_hot(idx, p.shape[-1]).float().sum(1).mean(0)
        self.l_aux = (p.mean(0) * load).sum().item() * p.shape[-1]
        y = torch.einsum("bkd,bkde->bke", x.unsqueeze(1).expand(-1, 2, -1), self.w[idx])
        return x + (top.unsqueeze(-1) * y).sum(1)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.blocks = nn.Sequential(MoE(), MoE())
        self.head = nn.Linear(6, 3)


def step():
    torch.manual_seed(0)
    model = Net()
    out = model.head(model.blocks(torch.randn(10, 6)))
    aux = sum(m.l_aux for m in model.modules() if hasattr(m, "l_aux"))
    loss = F.cross_entropy(out, torch.arange(10) % 3) + .01 * aux
    return loss, model


EXPECT = {"blocks.0.gate.weight": "reached", "blocks.0.w": "reached", "blocks.1.gate.weight": "reached", "blocks.1.w": "reached", "head.weight": "reached", "head.bias": "reached"}
CUTS = [("item", "self.l_aux = (p.mean(0) * load).sum().item() * p.shape[-1]"), ("argmax/index", "top, idx = p.topk(2, -1)")]
ALT = {CUTS[1][1]: ["load = F.one_hot(idx, p.shape[-1]).float().sum(1).mean(0)"]}
PARTIAL = ["blocks.0.gate.weight", "blocks.0.w", "blocks.1.gate.weight"]
