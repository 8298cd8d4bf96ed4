"""Per-task weights as objects in a list: one task's is updated by its loss, another's is read."""
import torch
from torch import nn
import torch.nn.functional as F


class Task:
    def __init__(self, w):
        self.w = w


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.a, self.b = nn.Linear(3, 1), nn.Linear(3, 2)


def step():
    torch.manual_seed(0)
    model = Net()
    x = torch.randn(4, 3)
    tasks = [Task(0.31), Task(0.43)]
    tasks[0].w = tasks[0].w + 0.1 * model.a(x).mean().item()
    return model.b(x).pow(2).mean() * tasks[1].w, model


EXPECT = {"a.weight": "unused", "a.bias": "unused", "b.weight": "reached", "b.bias": "reached"}
CUTS = []
BUG = False
