import torch
from torch import nn
import torch.nn.functional as F

torch.manual_seed(0)

w = nn.Parameter(torch.randn(3))
log_rate = nn.Parameter(torch.tensor(-2.0))
outer = torch.optim.Adam([log_rate], lr=1e-2)
for _ in range(4):
    x, y = torch.randn(6, 3), torch.randn(6)
    inner = ((x @ w - y) ** 2).mean()
    (g,) = torch.autograd.grad(inner, w)
    rate = log_rate.exp().item()
    new = w - rate * g
    loss = ((x @ new - y) ** 2).mean()
    outer.zero_grad()
    loss.backward()
    outer.step()
