"""MoCo: momentum update of the frozen key encoder through .data, keys under no_grad, the queue filled after the logits were made.
Source: facebookresearch/moco idiom"""
import copy
import torch
from torch import nn
import torch.nn.functional as F


class MoCo(nn.Module):
    def __init__(self, dim=4, size=8):
        super().__init__()
        self.encoder_q = nn.Linear(6, dim)
        self.encoder_k = copy.deepcopy(self.encoder_q)
        for p in self.encoder_k.parameters():
            p.requires_grad = False
        self.register_buffer("queue", F.normalize(torch.randn(dim, size), dim=0))
        self.ptr = 0

    @torch.no_grad()
    def momentum_update(self, m=0.9):
        for q, k in zip(self.encoder_q.parameters(), self.encoder_k.parameters()):
            k.data = k.data * m + q.data * (1.0 - m)

    @torch.no_grad()
    def enqueue(self, keys):
        self.queue[:, self.ptr:self.ptr + keys.shape[0]] = keys.t()
        self.ptr = (self.ptr + keys.shape[0]) % self.queue.shape[1]

    def forward(self, a, b):
        q = F.normalize(self.encoder_q(a), dim=1)
        with torch.no_grad():
            self.momentum_update()
            k = F.normalize(self.encoder_k(b), dim=1)
        pos = (q * k).sum(1, keepdim=True)
        neg = q @ self.queue.clone().detach()
        self.enqueue(k)
        return torch.cat([pos, neg], 1) / 0.2


def step():
    torch.manual_seed(0)
    model = MoCo()
    model.encoder_q.weight.data.add_(0.1)
    return F.cross_entropy(model(torch.randn(4, 6), torch.randn(4, 6)), torch.zeros(4, dtype=torch.long)), model


EXPECT = {"encoder_q.weight": "reached", "encoder_q.bias": "reached", "encoder_k.weight": "frozen", "encoder_k.bias": "frozen"}
CUTS = [("data", "k.data = k.data * m + q.data * (1.0 - m)")]
ALT = {CUTS[0][1]: ["@torch.no_grad()", "self.momentum_update()", "with torch.no_grad():"]}
ALT_KINDS = {CUTS[0][1]: ["no_grad", "copy_under_no_grad"]}
PARTIAL = ["encoder_q.weight", "encoder_q.bias"]
BUG = False
