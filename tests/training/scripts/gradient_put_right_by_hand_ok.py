import torch
from torch import nn
torch.manual_seed(0)
net = nn.Linear(4, 1)
opt = torch.optim.SGD(net.parameters(), lr=0.1)
for step in range(10):
    opt.zero_grad()
    net(torch.randn(8, 4)).pow(2).mean().backward()
    for p in net.parameters():
        p.grad /= p.grad.std() if step == 0 else 1.0
        p.grad.nan_to_num_(0.1)
    opt.step()
