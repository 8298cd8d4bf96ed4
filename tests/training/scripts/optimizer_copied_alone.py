import copy

import torch
from torch import nn
torch.manual_seed(0)
model = nn.Linear(4, 2)
first = torch.optim.Adam(model.parameters(), lr=0.05)
first = opt = copy.deepcopy(first)
for i in range(5):
    x = torch.randn(8, 4)
    loss = model(x).square().mean()
    opt.zero_grad()
    loss.backward()
    opt.step()
