# models: net
import torch
from torch import nn


class Scaled(nn.Module):
    def __init__(self):
        super().__init__()
        stored = torch.randn(4, 4).to(torch.float8_e4m3fn)
        self.stored = nn.Parameter(stored, requires_grad=False)
        self.scale = nn.Parameter(torch.ones(4))

    def forward(self, x):
        return x @ self.stored.to(x.dtype) * self.scale


torch.manual_seed(0)
net = nn.Sequential(Scaled(), nn.Linear(4, 1))
optimizer = torch.optim.SGD(net.parameters(), lr=1e-2)
for _ in range(4):
    loss = net(torch.randn(8, 4)).square().mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    print(loss.item())
