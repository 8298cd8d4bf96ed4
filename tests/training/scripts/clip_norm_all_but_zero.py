import torch
from torch import nn

torch.manual_seed(0)
net = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 1))
opt = torch.optim.SGD(net.parameters(), lr=1e-3)
for _ in range(8):
    opt.zero_grad()
    net(torch.randn(8, 4)).pow(2).mean().backward()
    nn.utils.clip_grad_norm_(net.parameters(), max_norm=1e-12)
    opt.step()
