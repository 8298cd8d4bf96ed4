"""Sample weights go into an inner loss without their history; an optimizer moves a student by it, and the outer loss is the student's.
Source: no thread"""
import torch
from torch import nn
import torch.nn.functional as F


class Weigher(nn.Module):
    def __init__(self):
        super().__init__()
        self.score = nn.Linear(3, 1)

    def forward(self, x):
        return self.score(x).sigmoid().squeeze(1)


def step():
    torch.manual_seed(0)
    model = Weigher()
    student = nn.Linear(3, 2)
    optimizer = torch.optim.SGD(student.parameters(), lr=0.5, momentum=0.9)
    x, y = torch.randn(8, 3), torch.arange(8) % 2
    weights = model(x).detach()
    (weights * F.cross_entropy(student(x), y, reduction="none")).mean().backward()
    optimizer.step()
    return F.cross_entropy(student(torch.randn(6, 3)), torch.arange(6) % 2), model


EXPECT = {"score.weight": "cut", "score.bias": "cut"}
CUTS = [("detach", "weights = model(x).detach()")]
UNREGISTERED = 2
