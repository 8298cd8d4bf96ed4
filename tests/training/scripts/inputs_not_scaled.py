import torch
from torch import nn
torch.manual_seed(0)
net = nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 1))
opt = torch.optim.SGD(net.parameters(), lr=0.01)
for step in range(20):
    x = torch.randn(8, 4) * 1e6
    opt.zero_grad()
    loss = (net(x).squeeze(1) - x.sum(1).sign()).pow(2).mean()
    loss.backward()
    opt.step()
