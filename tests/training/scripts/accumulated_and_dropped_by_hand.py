import torch
from torch import nn


def epoch(net, optimizer, batches):
    for number, x in enumerate(batches, 1):
        loss = net(x).square().mean()
        loss.backward()
        for parameter in net.parameters():
            parameter.grad = None
        if number % 5 == 0:
            optimizer.step()


torch.manual_seed(0)
net = nn.Sequential(nn.Linear(4, 4), nn.Tanh(), nn.Linear(4, 1))
epoch(net, torch.optim.Adam(net.parameters()), [torch.randn(3, 4) for _ in range(10)])
