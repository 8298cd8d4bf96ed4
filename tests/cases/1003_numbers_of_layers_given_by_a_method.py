"""Balance loss kept as a number in an attribute."""
import torch
from torch import nn
import torch.nn.functional as F


class MoE(nn.Module):
    def __init__(self, d=6, n=3):
        super().__init__()
        self.gate = nn.Linear(d, n, bias=False)
        self.w = nn.Linear(d, d)
        self.stats = {}
        self.saved = []

    def forward(self, x):
        p = self.gate(x).softmax(-1)
        self.l_aux = p.square().sum(0).max().item()
        return x + self.w(x)

    def aux_loss(self):
        return self.l_aux


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.blocks = nn.Sequential(MoE(), MoE())
        self.head = nn.Linear(6, 3)



def step():
    torch.manual_seed(0)
    model = Net()
    out = model.head(model.blocks(torch.randn(10, 6)))
    loss = F.cross_entropy(out, torch.arange(10) % 3)
    loss = loss + .01 * sum(m.aux_loss() for m in model.blocks)
    return loss, model


EXPECT = {"blocks.0.gate.weight": "cut", "blocks.0.w.weight": "reached", "blocks.0.w.bias": "reached", "blocks.1.gate.weight": "cut", "blocks.1.w.weight": "reached", "blocks.1.w.bias": "reached", "head.weight": "reached", "head.bias": "reached"}
CUTS = [("item", 'self.l_aux = p.square().sum(0).max().item()')]
BUG = True
