"""A balancing bias is added to the gate's scores only to choose the experts: top-k hands on indices, so the bias moves the loss and never trains.
Source: no thread (idiom)"""
import torch
from torch import nn


class Moe(nn.Module):
    def __init__(self):
        super().__init__()
        self.gate = nn.Linear(4, 3, bias=False)
        self.bias = nn.Parameter(torch.zeros(3))
        self.experts = nn.ModuleList(nn.Linear(4, 4) for _ in range(3))

    def forward(self, x):
        s = self.gate(x).sigmoid()
        idx = (s + self.bias).topk(2, dim=-1).indices
        w = s.gather(1, idx)
        w = w / w.sum(-1, keepdim=True)
        out = torch.zeros_like(x)
        for e, expert in enumerate(self.experts):
            row, k = (idx == e).nonzero(as_tuple=True)
            out = out.index_add(0, row, expert(x[row]) * w[row, k, None])
        return out


def step():
    torch.manual_seed(0)
    model = Moe()
    return model(torch.randn(32, 4)).square().mean(), model


EXPECT = {'bias': 'cut', 'gate.weight': 'reached', 'experts.0.weight': 'reached', 'experts.0.bias': 'reached', 'experts.1.weight': 'reached', 'experts.1.bias': 'reached', 'experts.2.weight': 'reached', 'experts.2.bias': 'reached'}
CUTS = [('argmax/index', 'idx = (s + self.bias).topk(2, dim=-1).indices')]
ALT_KINDS = {'idx = (s + self.bias).topk(2, dim=-1).indices': ['index']}
