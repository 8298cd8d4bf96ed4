"""Learned level weights become numbers in one call of torch.FloatTensor, and their sum divides the loss."""
import torch
from torch import nn
import torch.nn.functional as F


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.low, self.high = nn.Parameter(torch.tensor(1.25)), nn.Parameter(torch.tensor(0.5))
        self.head = nn.Linear(3, 1)


def step():
    torch.manual_seed(0)
    model = Net()
    levels = torch.FloatTensor([model.low, model.high])
    return model.head(torch.randn(5, 3)).pow(2).mean() / torch.sum(levels), model


EXPECT = {"low": "cut", "high": "cut", "head.weight": "reached", "head.bias": "reached"}
CUTS = [("new_tensor", "levels = torch.FloatTensor([model.low, model.high])")]
ALT_KINDS = {CUTS[0][1]: ["item"]}
