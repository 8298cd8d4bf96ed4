import copy

import torch
from torch import nn

torch.manual_seed(0)
net = nn.Linear(4, 2)
optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
trial = copy.deepcopy({"net": net, "optimizer": optimizer})
for _ in range(5):
    trial["optimizer"].zero_grad()
    trial["net"](torch.randn(8, 4)).square().mean().backward()
    trial["optimizer"].step()
