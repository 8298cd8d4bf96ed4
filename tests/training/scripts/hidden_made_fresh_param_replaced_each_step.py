import torch
from torch import nn
import torch.nn.functional as F

torch.manual_seed(0)


class M(nn.Module):
    def __init__(self):
        super().__init__()
        self.scale = nn.Parameter(torch.ones(3))
        self.lin = nn.Linear(3, 1)

    def forward(self, x):
        return self.lin(x * self.scale)


model = M()
opt = torch.optim.SGD(model.parameters(), lr=0.1)
for _ in range(4):
    loss = model(torch.randn(8, 3)).pow(2).mean()
    opt.zero_grad()
    loss.backward()
    opt.step()
    model.scale = nn.Parameter(model.scale.clamp(0, 2))  # "keep it in range"
