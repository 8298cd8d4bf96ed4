import torch
from torch import nn
torch.manual_seed(0)
a, b = nn.Linear(4, 3), nn.Linear(3, 1)
opt = torch.optim.SGD([{"params": a.parameters(), "lr": 0.0}, {"params": b.parameters()}], lr=0.1)
for step in range(20):
    for g in opt.param_groups:
        g["lr"] *= 0.95
    opt.zero_grad()
    b(a(torch.randn(8, 4))).pow(2).mean().backward()
    opt.step()
