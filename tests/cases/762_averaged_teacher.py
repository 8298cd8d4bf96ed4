"""Stochastic weight averaging is updated before the loss uses it.
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
    teacher.update_parameters(model.first)
    return model.second(teacher(x)).pow(2).sum(), model

EXPECT = {"first.weight": "cut", "first.bias": "cut", "second.weight": "reached", "second.bias": "reached"}
CUTS = [('detach', 'teacher.update_parameters(model.first)')]
ALT = {CUTS[0][1]: ["teacher = torch.optim.swa_utils.AveragedModel(model.first)"]}
ALT_KINDS = {CUTS[0][1]: ["copy_under_no_grad","no_grad","deepcopy","data"]}
UNREGISTERED = 2
