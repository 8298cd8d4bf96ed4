import torch
from torch import nn
torch.manual_seed(0)
net = nn.Linear(4, 1)
factor = 1 // 8
opt = torch.optim.Adam(net.parameters(), lr=0.1 * factor)
for step in range(20):
    opt.zero_grad()
    net(torch.randn(8, 4)).pow(2).mean().backward()
    opt.step()
