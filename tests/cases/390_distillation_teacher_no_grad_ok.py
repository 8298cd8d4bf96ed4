"""Distillation from a teacher whose parameters still require grad but that runs under no_grad; soft and hard targets.
Source: no thread (Hinton distillation idiom)"""
import torch
from torch import nn
import torch.nn.functional as F


class Distill(nn.Module):
    def __init__(self):
        super().__init__()
        self.teacher = nn.Sequential(nn.Linear(5, 8), nn.ReLU(), nn.Linear(8, 3))
        self.student = nn.Linear(5, 3)


def step(t=2.0):
    torch.manual_seed(0)
    model = Distill()
    model.teacher.eval()
    x, y = torch.randn(6, 5), torch.tensor([0, 1, 2, 0, 1, 2])
    with torch.no_grad():
        soft = (model.teacher(x) / t).softmax(-1)
    logits = model.student(x)
    kd = F.kl_div((logits / t).log_softmax(-1), soft, reduction="batchmean") * t * t
    return 0.7 * kd + 0.3 * F.cross_entropy(logits, y), model


EXPECT = {"student.weight": "reached", "student.bias": "reached"}
EXPECT.update({f"teacher.{k}": "cut" for k in ("0.weight", "0.bias", "2.weight", "2.bias")})
CUTS = [("no_grad", "soft = (model.teacher(x) / t).softmax(-1)")]
ALT = {CUTS[0][1]: ["with torch.no_grad():"]}
BUG = False
