import torch
from torch import nn
import torch.nn.functional as F

torch.manual_seed(0)


class Gate(nn.Module):
    def __init__(self):
        super().__init__()
        self.threshold = nn.Parameter(torch.zeros(1))
        self.lin = nn.Linear(4, 1)

    def forward(self, x):
        h = self.lin(x)
        return h * torch.sign(h - self.threshold)


gate = Gate()
opt = torch.optim.SGD(gate.parameters(), lr=0.1)
for _ in range(4):
    loss = gate(torch.randn(8, 4)).mean()
    opt.zero_grad()
    loss.backward()
    opt.step()
