import torch
from torch import nn

torch.manual_seed(0)
net = nn.Linear(3, 1)
optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
for _ in range(6):
    net(torch.randn(4, 3)).mean().backward()
    net.zero_grad()
    net.weight.square().mean().backward()
    optimizer.step()
