"""Supervised contrastive loss with the usual shift by the row's maximum, detached for stability: the gradient is the same either
way.   Source: HobbitLong/SupContrast idiom"""
import torch
from torch import nn
import torch.nn.functional as F


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.enc = nn.Linear(5, 4)


def supcon(z, y, tau=0.2):
    sim = z @ z.t() / tau
    top, _ = sim.max(1, keepdim=True)
    logits = sim - top.detach()
    self_mask = 1 - torch.eye(len(y))
    positive = (y[:, None] == y[None]).float() * self_mask
    log_prob = logits - (logits.exp() * self_mask).sum(1, keepdim=True).log()
    return -((positive * log_prob).sum(1) / positive.sum(1)).mean()


def step():
    torch.manual_seed(0)
    model = Net()
    return supcon(F.normalize(model.enc(torch.randn(6, 5)), dim=1), torch.tensor([0, 1, 0, 1, 0, 1])), model


EXPECT = {"enc.weight": "reached", "enc.bias": "reached"}
CUTS = [("detach", "logits = sim - top.detach()")]
PARTIAL = ["enc.weight", "enc.bias"]
BUG = False
