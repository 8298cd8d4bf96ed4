import torch
from torch import nn
torch.manual_seed(0)
net = nn.Linear(4, 1)
opt = torch.optim.SGD(net.parameters(), lr=0.1)


def adjust(optimizer, epoch):
    rate = 0.1 * max(0, 1 - (epoch + 5) // 5)
    for group in optimizer.param_groups:
        group["lr"] = rate


for epoch in range(20):
    adjust(opt, epoch)
    opt.zero_grad()
    net(torch.randn(8, 4)).pow(2).mean().backward()
    opt.step()
