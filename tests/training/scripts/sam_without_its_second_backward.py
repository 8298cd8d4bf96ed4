# The second loss is computed where the weights were perturbed, and its backward() was forgotten.
import torch
from torch import nn

torch.manual_seed(0)
net = nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 2))
sgd = torch.optim.SGD(net.parameters(), lr=0.1)
for _ in range(6):
    x, y = torch.randn(16, 4), torch.randint(0, 2, (16,))
    nn.functional.cross_entropy(net(x), y).backward()
    kept = [p.detach().clone() for p in net.parameters()]
    with torch.no_grad():
        for p in net.parameters():
            p.add_(p.grad, alpha=0.05)
    net.zero_grad(set_to_none=False)
    nn.functional.cross_entropy(net(x), y)
    sgd.step()
    with torch.no_grad():
        for p, old in zip(net.parameters(), kept):
            p.copy_(old)
