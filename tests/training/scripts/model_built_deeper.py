# models: model
import torch
from torch import nn


def build(depth):
    layers = []
    for _ in range(depth):
        layers += [nn.Linear(4, 4), nn.ReLU()]
    return nn.Sequential(*layers, nn.Linear(4, 1))


torch.manual_seed(0)
model = build(1)
opt = torch.optim.Adam(model.parameters(), lr=1e-2)
print(sum(p.numel() for p in model.parameters()))
model = build(3)
for i in range(3):
    x = torch.randn(8, 4)
    loss = (model(x) - x.sum(1, keepdim=True)).pow(2).mean()
    opt.zero_grad()
    loss.backward()
    opt.step()
    print(i, loss.item())
