"""The average is updated after the loss was made.
Source: no thread"""
import torch
from torch import nn
import torch.nn.functional as F


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Linear(4, 4)
        self.second = nn.Linear(4, 3)


def step():
    torch.manual_seed(0)
    model = Net()
    x = torch.randn(6, 4)
    teacher = torch.optim.swa_utils.AveragedModel(model.first)
    loss = model.second(model.first(x)).pow(2).sum()
    teacher.update_parameters(model.first)
    return loss, model

EXPECT = {"first.weight": "reached", "first.bias": "reached", "second.weight": "reached", "second.bias": "reached"}
CUTS = []
BUG = False
