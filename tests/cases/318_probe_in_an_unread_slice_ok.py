"""One workspace tensor holds two things: row 0 a detached probe that is kept for a monitor, row 1 the live features that the loss
reads. The probe's layer does not influence the loss.   Source: no thread (idiom)"""
import torch
from torch import nn
import torch.nn.functional as F


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Linear(4, 5)
        self.probe = nn.Linear(4, 5)
        self.head = nn.Linear(5, 2)

    def forward(self, x):
        work = torch.zeros(2, x.shape[0], 5)
        work[0] = self.probe(x).detach()
        work[1] = torch.relu(self.body(x))
        self.monitor = work[0]
        return self.head(work[1])


def step():
    torch.manual_seed(0)
    model = Net()
    return F.cross_entropy(model(torch.randn(4, 4)), torch.tensor([0, 1, 0, 1])), model


EXPECT = {"body.weight": "reached", "body.bias": "reached", "probe.weight": "unused", "probe.bias": "unused",
          "head.weight": "reached", "head.bias": "reached"}
CUTS = []
BUG = False
