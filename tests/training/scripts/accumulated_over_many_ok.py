import torch
from torch import nn

torch.manual_seed(0)
net = nn.Linear(5, 2)
optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
probe = net(torch.randn(4, 5)).square().mean()
probe.backward()
norm = sum(parameter.grad.norm() for parameter in net.parameters())
net.zero_grad()
for number in range(1, 13):
    (net(torch.randn(4, 5)).square().mean() / 6).backward()
    if number % 6 == 0:
        optimizer.step()
        optimizer.zero_grad()
