import torch
from torch import nn
import torch.nn.functional as F

torch.manual_seed(0)

import torch.nn.utils.prune as prune

net = nn.Sequential(nn.Linear(4, 6), nn.ReLU(), nn.Linear(6, 2))
opt = torch.optim.SGD(net.parameters(), lr=0.1)
prune.l1_unstructured(net[0], "weight", amount=0.5)  # weight_orig is the same object
for _ in range(3):
    loss = F.cross_entropy(net(torch.randn(8, 4)), torch.randint(0, 2, (8,)))
    opt.zero_grad()
    loss.backward()
    opt.step()
