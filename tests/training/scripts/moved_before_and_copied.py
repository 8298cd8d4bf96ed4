import torch
from torch import nn
import torch.nn.functional as F

torch.manual_seed(0)

import copy

net = nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 1))
optim = torch.optim.Adam(net.parameters(), lr=1e-2)
net = copy.deepcopy(net).float()  # "so that the original stays as it is"
for _ in range(5):
    out = net(torch.randn(6, 4))
    loss = out.square().mean()
    optim.zero_grad()
    loss.backward()
    optim.step()
