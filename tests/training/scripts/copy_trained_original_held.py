# What is trained is a copy; the optimizer holds the original.
import copy
import torch
from torch import nn

torch.manual_seed(0)
base = nn.Sequential(nn.Linear(4, 6), nn.ReLU(), nn.Linear(6, 2))
optimizer = torch.optim.Adam(base.parameters(), lr=1e-2)
worker = copy.deepcopy(base)
for _ in range(5):
    optimizer.zero_grad()
    nn.functional.cross_entropy(worker(torch.randn(8, 4)), torch.arange(8) % 2).backward()
    optimizer.step()
