import torch
from torch import nn
import torch.nn.functional as F

torch.manual_seed(0)

from torch.func import functional_call

net = nn.Sequential(nn.Linear(1, 8), nn.Tanh(), nn.Linear(8, 1))
meta = torch.optim.Adam(net.parameters(), lr=1e-3)
for _ in range(4):
    meta.zero_grad()
    total = 0
    for task in range(2):
        x = torch.randn(10, 1)
        y = x * (task + 1)
        fast = dict(net.named_parameters())
        inner = F.mse_loss(functional_call(net, fast, (x,)), y)
        grads = torch.autograd.grad(inner, fast.values(), create_graph=True)
        fast = {n: p - 0.1 * g for (n, p), g in zip(fast.items(), grads)}
        total = total + F.mse_loss(functional_call(net, fast, (x,)), y)
    total.backward()
    meta.step()
