import copy

import torch
from torch import nn

torch.manual_seed(0)
model = nn.Linear(3, 2)
warm = torch.optim.SGD(model.parameters(), lr=0.1)
first = model(torch.randn(4, 3)).square().mean()
first.backward()
warm.step()
model = copy.deepcopy(model)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for _ in range(4):
    loss = model(torch.randn(8, 3)).square().mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
