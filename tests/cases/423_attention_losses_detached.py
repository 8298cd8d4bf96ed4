"""Attention distillation: the helper that makes the attention maps ends in .detach() for both networks, so the three terms that are
the paper's contribution train nothing.   Source: bboylyg/NAD#11"""
import torch
from torch import nn
import torch.nn.functional as F


def attention(fm, p=2):
    am = fm.abs().pow(p).sum(1, keepdim=True)
    return (am / (am.flatten(1).norm(dim=1).view(-1, 1, 1, 1) + 1e-6)).detach()


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.c1 = nn.Conv2d(1, 2, 3, padding=1)
        self.c2 = nn.Conv2d(2, 2, 3, padding=1)
        self.fc = nn.Linear(2, 2)

    def forward(self, x):
        a = torch.relu(self.c1(x))
        b = torch.relu(self.c2(a))
        return a, b, self.fc(b.mean((2, 3)))


class Both(nn.Module):
    def __init__(self):
        super().__init__()
        self.student = Net()
        self.teacher = Net().requires_grad_(False)


def step():
    torch.manual_seed(0)
    model = Both()
    x = torch.randn(3, 1, 5, 5)
    *maps_s, logits = model.student(x)
    *maps_t, _ = model.teacher(x)
    at = sum(F.mse_loss(attention(s), attention(t)) for s, t in zip(maps_s, maps_t))
    return F.cross_entropy(logits, torch.tensor([0, 1, 0])) + 500 * at, model


EXPECT = {f"{n}.{m}.{k}": v for n, v in (("student", "reached"), ("teacher", "frozen"))
          for m in ("c1", "c2", "fc") for k in ("weight", "bias")}
CUTS = [("detach", "return (am / (am.flatten(1).norm(dim=1).view(-1, 1, 1, 1) + 1e-6)).detach()")]
ALT = {CUTS[0][1]: ["at = sum(F.mse_loss(attention(s), attention(t)) for s, t in zip(maps_s, maps_t))"]}
PARTIAL = [f"student.{m}.{k}" for m in ("c1", "c2") for k in ("weight", "bias")]
