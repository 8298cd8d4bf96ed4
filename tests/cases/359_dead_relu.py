"""A large learning rate pushed a bias far below zero: the whole hidden layer is off, its gradient and that of the next weight are
zeros.   Source: no thread (dying ReLU)"""
import torch
from torch import nn
import torch.nn.functional as F


class MLP(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(4, 6)
        self.fc2 = nn.Linear(6, 3)
        nn.init.constant_(self.fc1.bias, -40.0)

    def forward(self, x):
        h = F.relu(self.fc1(x))
        return self.fc2(h)


def step():
    torch.manual_seed(0)
    model = MLP()
    return F.cross_entropy(model(torch.randn(6, 4)), torch.tensor([0, 1, 2, 0, 1, 2])), model


EXPECT = {"fc1.weight": "zero", "fc1.bias": "zero", "fc2.weight": "zero", "fc2.bias": "reached"}
CUTS = []
ZEROS = [("relu", "h = F.relu(self.fc1(x))")]
