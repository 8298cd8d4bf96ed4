import torch
from torch import nn
import torch.nn.functional as F

torch.manual_seed(0)

net = nn.Sequential(nn.Linear(3, 5), nn.Sigmoid(), nn.Linear(5, 1))
rate = 0.1
for epoch in range(6):
    loss = (net(torch.randn(10, 3)) - 1).abs().mean()
    net.zero_grad()
    loss.backward()
    with torch.no_grad():
        for p in net.parameters():
            p = p - rate * p.grad  # a new tensor, thrown away
