# models: net
import torch
from torch import nn


class Careful(torch.optim.SGD):
    """Leaves out a step whose gradient is not finite."""

    def step(self, closure=None):
        gradients = [p.grad for group in self.param_groups for p in group["params"]]
        if all(gradient.isfinite().all() for gradient in gradients):
            super().step()


torch.manual_seed(0)
net = nn.Linear(4, 1)
optimizer = Careful(net.parameters(), lr=0.1)
for number in range(6):
    x = torch.randn(8, 4) if number != 1 else torch.full((8, 4), float("inf"))
    optimizer.zero_grad()
    loss = net(x).tanh().square().mean()
    loss.backward()
    optimizer.step()
    print(loss.item())
