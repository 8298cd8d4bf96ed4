"""Fine-tuning script that builds the optimiser and then replaces model.fc for the new number of classes: the new head has gradients
and is never stepped.   Source: cf. LaurentMazare/ocaml-torch#36"""
import torch
from torch import nn
import torch.nn.functional as F


class Net(nn.Module):
    def __init__(self, classes=10):
        super().__init__()
        self.body = nn.Linear(5, 6)
        self.fc = nn.Linear(6, classes)

    def forward(self, x):
        return self.fc(torch.relu(self.body(x)))


def step():
    torch.manual_seed(0)
    model = Net()
    model.opt = torch.optim.Adam(model.parameters(), lr=1e-3)
    model.fc = nn.Linear(6, 2)
    return F.cross_entropy(model(torch.randn(4, 5)), torch.tensor([0, 1, 1, 0])), model


EXPECT = {"body.weight": "reached", "body.bias": "reached", "fc.weight": "reached", "fc.bias": "reached"}
CUTS = []
NOT_OPTIMIZED = ["fc.weight", "fc.bias"]
