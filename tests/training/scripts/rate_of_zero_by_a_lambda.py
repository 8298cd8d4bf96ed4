import torch
from torch import nn
torch.manual_seed(0)
net = nn.Linear(4, 1)
opt = torch.optim.SGD(net.parameters(), lr=0.1)
total = 20
sched = torch.optim.lr_scheduler.LambdaLR(opt, lambda step: step // total)
for step in range(total):
    opt.zero_grad()
    net(torch.randn(8, 4)).pow(2).mean().backward()
    opt.step()
    sched.step()
