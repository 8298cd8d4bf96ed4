import torch
from torch import nn

torch.manual_seed(0)
net = nn.Sequential(nn.Linear(4, 3), nn.ReLU(), nn.Linear(3, 1))
size = sum(p.numel() for p in net.parameters())
whole = nn.Parameter(torch.empty(size))
whole.grad = torch.zeros(size)
at = 0
with torch.no_grad():
    for p in net.parameters():
        part = slice(at, at + p.numel())
        whole[part] = p.flatten()
        p.data, p.grad = whole.data[part].view_as(p), whole.grad[part].view_as(p)
        at += p.numel()
optimizer = torch.optim.Adam([whole], 1e-2)
for _ in range(6):
    for p in net.parameters():
        p.grad = None
    net(torch.randn(8, 4)).square().mean().backward()
    optimizer.step()
