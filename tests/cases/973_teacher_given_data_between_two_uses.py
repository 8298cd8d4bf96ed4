"""A network is given another's values through .data between two uses of it in one loss.   Source: no thread (mean teacher)"""
import torch
from torch import nn
class M(nn.Module):
    def __init__(self):
        super().__init__()
        self.student, self.teacher = nn.Linear(3, 2), nn.Linear(3, 2)


def step():
    torch.manual_seed(0)
    model = M()
    x = torch.randn(4, 3)
    loss = model.teacher(x).square().mean()
    for s, t in zip(model.student.parameters(), model.teacher.parameters()):
        t.data = s.data.clone()
    return loss + model.teacher(x + 1).mean(), model


EXPECT = {"student.weight": "cut", "student.bias": "cut", "teacher.weight": "reached", "teacher.bias": "reached"}
CUTS = [("data", "t.data = s.data.clone()")]
