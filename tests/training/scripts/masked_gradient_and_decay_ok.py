import torch
from torch import nn

torch.manual_seed(0)
net = nn.Sequential(nn.Linear(4, 4), nn.GELU(), nn.Linear(4, 1))
mask = (net[0].weight.abs() > 0.2).float()
opt = torch.optim.AdamW(net.parameters(), lr=1e-2)
x = torch.randn(32, 4)
for _ in range(8):
    loss = (net(x) - x.sum(1, keepdim=True)).square().mean()
    opt.zero_grad()
    loss.backward()
    net[0].weight.grad.mul_(mask)
    nn.utils.clip_grad_norm_(net.parameters(), 1.0)
    opt.step()
