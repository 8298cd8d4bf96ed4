"""A number is set in a context variable, and the loss reads another."""
import torch
from torch import nn
import torch.nn.functional as F
import contextvars


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = nn.Parameter(torch.tensor([0.3731, 0.8123, -0.4417]))
        self.b = nn.Linear(3, 3)


def step():
    torch.manual_seed(0)
    model = Net()
    x = torch.randn(4, 3)
    a = torch.tanh(model.a)
    var, other = contextvars.ContextVar('v'), contextvars.ContextVar('o', default=0.25)
    var.set(a[1].item())
    k = other.get() * 3
    loss = F.mse_loss(model.b(x) * k, torch.zeros(4, 3))
    return loss, model


EXPECT = {"a": "unused", "b.weight": "reached", "b.bias": "reached"}
CUTS = []
ALT = {}
ALT_KINDS = {line: ["item", "numpy", "detach", "new_tensor", "data", "no_grad", "non_differentiable", "custom_function"] for _, line in CUTS}
BUG = False
