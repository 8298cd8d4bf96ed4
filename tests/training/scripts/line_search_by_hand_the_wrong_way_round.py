"""A line search by hand with the comparison the wrong way round, on an optimizer that exists for its rate alone."""
import torch
from torch import nn

torch.manual_seed(0)
net = nn.Linear(4, 1)
opt = torch.optim.SGD(net.parameters(), lr=0.01)
x = torch.randn(64, 4)
y = x @ torch.tensor([[1.0], [2.0], [3.0], [4.0]])
for it in range(10):
    opt.zero_grad()
    loss = (net(x) - y).square().mean()
    loss.backward()
    before = [p.detach().clone() for p in net.parameters()]
    with torch.no_grad():
        for p in net.parameters():
            p.sub_(p.grad, alpha=opt.param_groups[0]["lr"])
        if (net(x) - y).square().mean() < loss:
            for p, b in zip(net.parameters(), before):
                p.copy_(b)
print(f"{loss.item():.3f}")
