import torch
from torch import nn

torch.manual_seed(0)
net = nn.ModuleDict({"body": nn.Linear(4, 4), "head": nn.Linear(4, 2)})
net["body"].requires_grad_(False)
optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
for epoch in range(12):
    if epoch == 5:
        net.body.requires_grad = True
    loss = net.head(net.body(torch.randn(8, 4)).relu()).square().mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
