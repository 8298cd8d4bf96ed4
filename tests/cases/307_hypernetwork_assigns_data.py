"""A hypernetwork writes its output into the target layer with weight.data = ...: the target's own weight gets the gradient, the
hypernetwork none.   Source: no thread (idiom; the usual first attempt at a hypernetwork)"""
import torch
from torch import nn
import torch.nn.functional as F


class Hyper(nn.Module):
    def __init__(self):
        super().__init__()
        self.task = nn.Embedding(3, 4)
        self.gen = nn.Linear(4, 10)
        self.target = nn.Linear(5, 2)

    def forward(self, x, task):
        w = self.gen(self.task(task))
        self.target.weight.data = w.view(2, 5)
        return self.target(x)


def step():
    torch.manual_seed(0)
    model = Hyper()
    return F.mse_loss(model(torch.randn(6, 5), torch.tensor(1)), torch.randn(6, 2)), model


EXPECT = {"task.weight": "cut", "gen.weight": "cut", "gen.bias": "cut", "target.weight": "reached", "target.bias": "reached"}
CUTS = [("data", "self.target.weight.data = w.view(2, 5)")]
ALT_KINDS = {CUTS[0][1]: ["copy_under_no_grad"]}
