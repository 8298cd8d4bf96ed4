import torch
from torch import nn
torch.manual_seed(0)
net = nn.Linear(4, 1)
opt = torch.optim.AdamW(net.parameters(), lr=1e-2)
for step in range(40):
    for g in opt.param_groups:
        g["lr"] = 1e-2 * min(1.0, step / 10)
    opt.zero_grad()
    net(torch.randn(8, 4)).pow(2).mean().backward()
    opt.step()
