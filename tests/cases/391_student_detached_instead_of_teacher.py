"""Feature distillation where the arguments of the loss helper were swapped: the helper detaches what it takes for the teacher, which
is the student.   Source: no thread (idiom)"""
import torch
from torch import nn
import torch.nn.functional as F


class Pair(nn.Module):
    def __init__(self):
        super().__init__()
        self.teacher = nn.Linear(5, 4)
        self.student = nn.Linear(5, 4)
        self.head = nn.Linear(4, 2)


def feature_loss(student, teacher):
    teacher = teacher.detach()
    return F.mse_loss(student, teacher)


def step():
    torch.manual_seed(0)
    model = Pair()
    x = torch.randn(6, 5)
    s, t = torch.tanh(model.student(x)), torch.tanh(model.teacher(x))
    return F.cross_entropy(model.head(s), torch.tensor([0, 1, 0, 1, 0, 1])) + feature_loss(t, s), model


EXPECT = {f"{m}.{k}": "reached" for m in ("teacher", "student", "head") for k in ("weight", "bias")}
CUTS = [("detach", "teacher = teacher.detach()")]
ALT = {CUTS[0][1]: ["return F.cross_entropy(model.head(s), torch.tensor([0, 1, 0, 1, 0, 1])) + feature_loss(t, s), model"]}
PARTIAL = ["student.weight", "student.bias"]
