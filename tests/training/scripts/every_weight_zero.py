# An initialisation meant for biases goes over weights too.
import torch
from torch import nn


def initialise(module):
    for parameter in module.parameters(recurse=False):
        nn.init.constant_(parameter, 0.0)


torch.manual_seed(0)
net = nn.Sequential(nn.Conv2d(1, 3, 3), nn.ReLU(), nn.Flatten(), nn.Linear(48, 5), nn.Linear(5, 2))
net.apply(initialise)
adam = torch.optim.Adam(net.parameters(), lr=1e-2)
for _ in range(6):
    adam.zero_grad()
    loss = nn.functional.cross_entropy(net(torch.randn(8, 1, 6, 6)), torch.arange(8).clamp(max=1))
    loss.backward()
    adam.step()
