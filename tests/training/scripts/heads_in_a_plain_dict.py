# models: net
import torch
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.trunk = nn.Linear(4, 8)
        self.outs = {"a": nn.Linear(8, 1), "b": nn.Linear(8, 1)}

    def forward(self, x):
        hidden = self.trunk(x).tanh()
        return sum(out(hidden) for out in self.outs.values())


torch.manual_seed(0)
net = Net()
optimizer = torch.optim.AdamW(net.parameters(), lr=1e-2)
for _ in range(5):
    optimizer.zero_grad()
    loss = (net(torch.randn(8, 4)) - 1).square().mean()
    loss.backward()
    optimizer.step()
    print(loss.item())
