"""NaN is cleaned out of each gradient."""

import torch
from torch import nn

torch.manual_seed(0)
net = nn.Linear(4, 1)
optimizer = torch.optim.SGD(net.parameters(), lr=0.01)
for step in range(4):
    outputs = net(torch.randn(8, 4))
    loss = (outputs - outputs).sqrt().sum() if step == 0 else outputs.square().mean()
    optimizer.zero_grad()
    loss.backward()
    for parameter in net.parameters():
        parameter.grad.nan_to_num_(0.0)
    optimizer.step()
