"""Mean teacher whose copy is made in __init__ and left with requires_grad=True; the consistency target is taken under no_grad.
Source: no thread (idiom)"""
import copy
import torch
from torch import nn
import torch.nn.functional as F


class MeanTeacher(nn.Module):
    def __init__(self):
        super().__init__()
        self.student = nn.Sequential(nn.Linear(4, 5), nn.ReLU(), nn.Linear(5, 2))
        self.teacher = copy.deepcopy(self.student)

    def forward(self, x):
        with torch.no_grad():
            target = self.teacher(x).softmax(-1)
        return F.mse_loss(self.student(x + 0.05).softmax(-1), target)


def step():
    torch.manual_seed(0)
    model = MeanTeacher()
    return model(torch.randn(6, 4)), model


EXPECT = {f"{n}.{k}": v for n, v in (("student", "reached"), ("teacher", "cut")) for k in ("0.weight", "0.bias", "2.weight", "2.bias")}
CUTS = [("no_grad", "target = self.teacher(x).softmax(-1)")]
ALT = {CUTS[0][1]: ["with torch.no_grad():"]}
BUG = False
