"""A network that trains is given another's values through .data once the loss is computed: this loss has nothing of the other.   Source: no thread (mean teacher)"""
import torch
from torch import nn
class M(nn.Module):
    def __init__(self):
        super().__init__()
        self.student, self.teacher = nn.Linear(3, 2), nn.Linear(3, 2)


def step():
    torch.manual_seed(0)
    model = M()
    loss = model.teacher(torch.randn(4, 3)).square().mean()
    for s, t in zip(model.student.parameters(), model.teacher.parameters()):
        t.data = s.data.clone()
    return loss, model


EXPECT = {"student.weight": "unused", "student.bias": "unused", "teacher.weight": "reached", "teacher.bias": "reached"}
CUTS = []
