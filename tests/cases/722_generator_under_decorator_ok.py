"""A decorated generator of teacher targets: grad mode is on again in the loop's body, so everything of the student trains."""
import torch
from torch import nn


@torch.no_grad()
def targets(teacher, batches):
    for x in batches:
        yield x, teacher(x)


def step():
    torch.manual_seed(0)
    model = nn.ModuleDict({"teacher": nn.Linear(3, 2).requires_grad_(False), "student": nn.Linear(3, 2)})
    loss = 0
    for x, y in targets(model["teacher"], [torch.randn(4, 3), torch.randn(4, 3)]):
        loss = loss + (model["student"](x) - y).square().mean()
    return loss, model


BUG = False
EXPECT = {"teacher.weight": "frozen", "teacher.bias": "frozen", "student.weight": "reached", "student.bias": "reached"}
CUTS = []
