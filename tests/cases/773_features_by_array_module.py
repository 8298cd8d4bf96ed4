"""array.array keeps the features between two calls.
Source: no thread"""
import torch
from torch import nn
import torch.nn.functional as F
import array

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Linear(4, 4)
        self.second = nn.Linear(4, 3)


def step():
    torch.manual_seed(0)
    model = Net()
    x = torch.randn(6, 4)
    kept = array.array("f", model.first(x).flatten().tolist())
    return model.second(torch.frombuffer(kept, dtype=torch.float32).view(6, 4)).pow(2).sum(), model

EXPECT = {"first.weight": "cut", "first.bias": "cut", "second.weight": "reached", "second.bias": "reached"}
CUTS = [('item', 'kept = array.array("f", model.first(x).flatten().tolist())')]
ALT_KINDS = {CUTS[0][1]: ["numpy"]}
