import torch
from torch import nn
import torch.nn.functional as F

torch.manual_seed(0)

models = nn.ModuleList([nn.Linear(3, 1) for _ in range(2)])
with torch.no_grad():
    for a, b in zip(models[0].parameters(), models[1].parameters()):
        b.copy_(a)
opts = [torch.optim.SGD(m.parameters(), lr=0.1) for m in models]
for _ in range(4):
    for m, o in zip(models, opts):
        o.zero_grad()
        m(torch.randn(4, 3)).square().mean().backward()
    for a, b in zip(models[0].parameters(), models[1].parameters()):
        mean = (a.grad + b.grad) / 2
        a.grad, b.grad = mean, mean.clone()
    for o in opts:
        o.step()
