"""A custom operator with a registered derivative.
Source: no thread"""
import torch
from torch import nn
import torch.nn.functional as F


@torch.library.custom_op("exits_cases::twice", mutates_args=())
def twice(source: torch.Tensor) -> torch.Tensor:
    return source * 2


twice.register_autograd(lambda ctx, grad: grad * 2, setup_context=lambda ctx, inputs, output: None)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Linear(4, 4)
        self.second = nn.Linear(4, 3)


def step():
    torch.manual_seed(0)
    model = Net()
    x = torch.randn(6, 4)
    return model.second(twice(model.first(x))).pow(2).sum(), model

EXPECT = {"first.weight": "reached", "first.bias": "reached", "second.weight": "reached", "second.bias": "reached"}
CUTS = []
BUG = False
