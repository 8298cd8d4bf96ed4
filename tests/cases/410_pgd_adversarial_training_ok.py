"""PGD adversarial training: the perturbation is found with autograd.grad on the input and used as a constant.
Source: no thread (Madry et al. idiom)"""
import torch
from torch import nn
import torch.nn.functional as F


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(4, 6)
        self.fc2 = nn.Linear(6, 2)

    def forward(self, x):
        return self.fc2(torch.tanh(self.fc1(x)))


def attack(model, x, y, eps=0.1):
    delta = torch.zeros_like(x, requires_grad=True)
    loss = F.cross_entropy(model(x + delta), y)
    grad, = torch.autograd.grad(loss, delta)
    return eps * grad.sign()


def step():
    torch.manual_seed(0)
    model = Net()
    x, y = torch.randn(6, 4), torch.tensor([0, 1, 0, 1, 0, 1])
    delta = attack(model, x, y)
    return F.cross_entropy(model(x + delta), y), model


EXPECT = {"fc1.weight": "reached", "fc1.bias": "reached", "fc2.weight": "reached", "fc2.bias": "reached"}
CUTS = [("grad_without_graph", "grad, = torch.autograd.grad(loss, delta)")]
PARTIAL = list(EXPECT)
BUG = False
