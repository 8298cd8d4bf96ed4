"""DINO: targets from a frozen teacher, centred with a buffer; the centre and, from student.detach().data, the teacher are moved after
the loss was formed, so they sever nothing of it.   Source: facebookresearch/dino idiom"""
import copy
import torch
from torch import nn
import torch.nn.functional as F


class DINO(nn.Module):
    def __init__(self):
        super().__init__()
        self.student = nn.Sequential(nn.Linear(6, 5), nn.GELU(), nn.Linear(5, 4))
        self.teacher = copy.deepcopy(self.student)
        for p in self.teacher.parameters():
            p.requires_grad = False
        self.register_buffer("center", torch.zeros(1, 4))

    def loss(self, a, b):
        target = F.softmax((self.teacher(b) - self.center) / 0.04, dim=-1).detach()
        out = F.log_softmax(self.student(a) / 0.1, dim=-1)
        total = -(target * out).sum(-1).mean()
        self.update_center(self.teacher(b))
        return total

    @torch.no_grad()
    def update_center(self, output):
        self.center = self.center * 0.9 + output.mean(0, keepdim=True) * 0.1

    @torch.no_grad()
    def update_teacher(self, m=0.99):
        for ps, pt in zip(self.student.parameters(), self.teacher.parameters()):
            pt.data.mul_(m).add_((1 - m) * ps.detach().data)


def step():
    torch.manual_seed(0)
    model = DINO()
    loss = model.loss(torch.randn(6, 6), torch.randn(6, 6))
    model.update_teacher()
    return loss, model


EXPECT = {f"{n}.{k}": v for n, v in (("student", "reached"), ("teacher", "frozen")) for k in ("0.weight", "0.bias", "2.weight", "2.bias")}
CUTS = []
BUG = False
