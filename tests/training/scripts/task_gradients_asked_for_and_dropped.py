import torch
from torch import nn

torch.manual_seed(0)
trunk, left, right = nn.Linear(6, 8), nn.Linear(8, 1), nn.Linear(8, 1)
params = [*trunk.parameters(), *left.parameters(), *right.parameters()]
opt = torch.optim.Adam(params, 1e-2)
for _ in range(6):
    x = torch.randn(16, 6)
    h = trunk(x).relu()
    merged = [torch.zeros_like(p) for p in params]
    for loss in ((left(h) - x[:, :1]).square().mean(), (right(h) + x[:, :1]).square().mean()):
        grads = torch.autograd.grad(loss, params, retain_graph=True, allow_unused=True)
        for total, grad in zip(merged, grads):
            if grad is not None:
                total += grad
    opt.zero_grad()
    opt.step()
