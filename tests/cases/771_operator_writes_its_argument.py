"""A custom operator without a derivative fills a buffer.
Source: no thread"""
import torch
from torch import nn
import torch.nn.functional as F


@torch.library.custom_op("exits_cases::scale_into", mutates_args=("target",))
def scale_into(source: torch.Tensor, target: torch.Tensor) -> None:
    target.copy_(source * 2)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Linear(4, 4)
        self.second = nn.Linear(4, 3)


def step():
    torch.manual_seed(0)
    model = Net()
    x = torch.randn(6, 4)
    h = torch.zeros(6, 4)
    scale_into(model.first(x), h)
    return model.second(h).pow(2).sum(), model

EXPECT = {"first.weight": "cut", "first.bias": "cut", "second.weight": "reached", "second.bias": "reached"}
CUTS = [('non_differentiable', 'scale_into(model.first(x), h)')]
ALT_KINDS = {CUTS[0][1]: ["copy_under_no_grad", "no_grad", "data", "detach"]}
