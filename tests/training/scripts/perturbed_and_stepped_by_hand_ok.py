"""The same SAM, whose base optimizer steps by hand in second_step: healthy."""
import torch
from torch import nn

torch.manual_seed(0)
net = nn.Sequential(nn.Linear(4, 16), nn.ReLU(), nn.Linear(16, 3))
params = list(net.parameters())
for _ in range(6):
    x, y = torch.randn(32, 4), torch.randint(0, 3, (32,))
    nn.functional.cross_entropy(net(x), y).backward()
    old = [p.detach().clone() for p in params]
    with torch.no_grad():
        for p in params:
            p += 0.05 * p.grad
    net.zero_grad()
    nn.functional.cross_entropy(net(x), y).backward()
    with torch.no_grad():
        for p, o in zip(params, old):
            p.copy_(o - 0.1 * p.grad)
    net.zero_grad()
print("ended")
