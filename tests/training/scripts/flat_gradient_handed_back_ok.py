# gradient of flat is handed to the old parameters, which the optimizer steps, and flat is refreshed from them
import torch
from torch import nn
torch.manual_seed(0)
net = nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 2))
old = list(net.parameters())
optimizer = torch.optim.Adam(old, lr=0.01)
slots = [(m, n, p.shape) for m in net for n, p in list(m._parameters.items())]
for m, n, _ in slots:
    del m._parameters[n]
flat = nn.Parameter(torch.cat([p.detach().view(-1) for p in old]))
for step in range(5):
    at = 0
    for m, n, s in slots:
        setattr(m, n, flat[at:at + s.numel()].view(s))
        at += s.numel()
    flat.grad = None
    loss = net(torch.randn(16, 4)).pow(2).mean()
    loss.backward()
    at = 0
    for p in old:
        p.grad = flat.grad[at:at + p.numel()].view_as(p).clone()
        at += p.numel()
    optimizer.step()
    optimizer.zero_grad()
    with torch.no_grad():
        flat.copy_(torch.cat([p.view(-1) for p in old]))
print(loss.item())
