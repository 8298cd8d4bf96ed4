"""nested_tensor copies its rows, as_nested_tensor would keep the graph.
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
    rows = torch.nested.nested_tensor(list(model.first(x)))
    return model.second(torch.stack(rows.unbind())).pow(2).sum(), model

EXPECT = {"first.weight": "cut", "first.bias": "cut", "second.weight": "reached", "second.bias": "reached"}
CUTS = [('new_tensor', 'rows = torch.nested.nested_tensor(list(model.first(x)))')]
ALT_KINDS = {CUTS[0][1]: ["detach"]}
