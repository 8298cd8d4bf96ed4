import torch
from torch import nn
import torch.nn.functional as F

torch.manual_seed(0)

backbone = nn.Linear(5, 6)
clf = nn.Linear(6, 2)
sgd = torch.optim.SGD(backbone.parameters(), lr=0.1)  # meant: clf
for epoch in range(4):
    features = backbone(torch.randn(7, 5)).detach()
    err = F.cross_entropy(clf(features), torch.randint(0, 2, (7,)))
    sgd.zero_grad()
    err.backward()
    sgd.step()
