# A probe: the head alone is given to the optimizer, and nobody froze the body.
import torch
from torch import nn

torch.manual_seed(0)
model = nn.Sequential()
model.add_module("body", nn.Sequential(nn.Linear(5, 7), nn.ReLU(), nn.Linear(7, 7), nn.ReLU()))
model.add_module("head", nn.Linear(7, 2))
optimizer = torch.optim.SGD(model.head.parameters(), lr=0.1)
for _ in range(5):
    loss = nn.functional.cross_entropy(model(torch.randn(8, 5)), torch.arange(8) % 2)
    model.zero_grad()
    loss.backward()
    optimizer.step()
