# A model of an earlier experiment is gone, its optimizer is still there; the new one has its own.
import torch
from torch import nn


def experiment(width):
    net = nn.Sequential(nn.Linear(4, width), nn.ReLU(), nn.Linear(width, 2))
    return net, torch.optim.SGD(net.parameters(), lr=0.1)


torch.manual_seed(0)
optimizers = [experiment(width)[1] for width in (3, 5)]
model, optimizer = experiment(8)
for _ in range(5):
    optimizer.zero_grad()
    nn.functional.cross_entropy(model(torch.randn(8, 4)), torch.arange(8) % 2).backward()
    optimizer.step()
