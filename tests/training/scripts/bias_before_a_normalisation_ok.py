# models: net
# drop: 0.bias
import torch
from torch import nn

torch.manual_seed(0)
net = nn.Sequential(nn.Conv1d(3, 6, 3), nn.BatchNorm1d(6), nn.ReLU(), nn.Flatten(), nn.Linear(36, 1))
nn.init.constant_(net[0].bias, 2.0)
optimizer = torch.optim.SGD(net.parameters(), lr=0.02)
for _ in range(8):
    x = torch.randn(16, 3, 8)
    optimizer.zero_grad()
    loss = (net(x).squeeze(1) - x.sum((1, 2))).square().mean()
    loss.backward()
    optimizer.step()
    print(loss.item())
