"""A full backward hook from a debugging session returns zeros as the module's grad_input and was left registered: everything before
that module stands still.   Source: no thread (register_full_backward_hook)"""
import torch
from torch import nn
import torch.nn.functional as F


def block(module, grad_input, grad_output):
    return tuple(torch.zeros_like(g) if g is not None else None for g in grad_input)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Linear(4, 5)
        self.neck = nn.Linear(5, 5)
        self.head = nn.Linear(5, 3)

    def forward(self, x):
        return self.head(torch.tanh(self.neck(torch.tanh(self.stem(x)))))


def step():
    torch.manual_seed(0)
    model = Net()
    model.neck.register_full_backward_hook(block)
    return F.cross_entropy(model(torch.randn(3, 4)), torch.tensor([0, 1, 2])), model


EXPECT = {"stem.weight": "zero", "stem.bias": "zero", "neck.weight": "reached", "neck.bias": "reached",
          "head.weight": "reached", "head.bias": "reached"}
CUTS = [("hook", "model.neck.register_full_backward_hook(block)")]
ALT = {CUTS[0][1]: ["return tuple(torch.zeros_like(g) if g is not None else None for g in grad_input)",
                    "return self.head(torch.tanh(self.neck(torch.tanh(self.stem(x)))))",
                    "def block(module, grad_input, grad_output):"]}
ZEROS = [("hook", "model.neck.register_full_backward_hook(block)")]
