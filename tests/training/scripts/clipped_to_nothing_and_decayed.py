import torch
from torch import nn

torch.manual_seed(0)
net = nn.Sequential(nn.Linear(4, 6), nn.GELU(), nn.Linear(6, 1))
opt = torch.optim.AdamW(net.parameters(), lr=1e-2)
x = torch.randn(32, 4)
for _ in range(8):
    loss = (net(x) - x.sum(1, keepdim=True)).square().mean()
    opt.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(net.parameters(), 0)
    opt.step()
