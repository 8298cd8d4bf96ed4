"""pytorch-forum-84911: everything but the batch norms is frozen, the last layer too."""

import torch
from torch import nn

torch.manual_seed(0)
model = nn.Sequential()
model.add_module("stem", nn.Linear(4, 8))
model.add_module("bn0", nn.BatchNorm1d(8))
model.add_module("fc", nn.Linear(8, 3))
for name, parameter in model.named_parameters():
    if "bn" not in name:
        parameter.requires_grad = False
for parameter in model.fc.parameters():
    parameter.requires_grad = False
optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
for _ in range(3):
    optimizer.zero_grad()
    loss = nn.functional.cross_entropy(model(torch.randn(6, 4)), torch.arange(6) % 3)
    loss.backward()
    optimizer.step()
