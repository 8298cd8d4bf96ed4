import torch
from torch import nn
torch.manual_seed(0)
a, b = nn.Linear(4, 3), nn.Linear(5, 3)
opt = torch.optim.SGD([*a.parameters(), *b.parameters()], lr=0.1)
for step in range(12):
    x, y = torch.randn(8, 4), torch.randn(8, 5)
    with torch.no_grad():
        u = torch.cat([a(c) for c in x.split(4)])
        v = torch.cat([b(c) for c in y.split(4)])
    u.requires_grad_(); v.requires_grad_()
    loss = nn.functional.cross_entropy(u @ v.T, torch.arange(8))
    loss.backward()
    opt.zero_grad()
    for c, g in zip(x.split(4), u.grad.split(4)):
        a(c).backward(g)
    for c, g in zip(y.split(4), v.grad.split(4)):
        b(c).backward(g)
    opt.step()
