"""data view at birth alone."""
import torch
from torch import nn
import torch.nn.functional as F
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.table = nn.Parameter(torch.randn(6, 4))
        self.rows = self.table.data[1:]
        self.out = nn.Linear(4, 2)

    def forward(self, i):
        return self.out(self.rows[i])


def step():
    torch.manual_seed(0)
    model = Net()
    return F.cross_entropy(model(torch.arange(4)), torch.randint(2, (4,))), model


EXPECT = {"table": "cut", "out.weight": "reached", "out.bias": "reached"}
CUTS = [("data", "self.rows = self.table.data[1:]")]
