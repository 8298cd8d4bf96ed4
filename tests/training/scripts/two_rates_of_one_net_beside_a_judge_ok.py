import torch
from torch import nn

torch.manual_seed(0)
net, judge = nn.Linear(3, 4), nn.Sequential(nn.Linear(4, 4), nn.ReLU(), nn.Linear(4, 1)).eval()
fast = torch.optim.SGD(net.parameters(), lr=1e-2)
slow = torch.optim.SGD(net.parameters(), lr=1e-4)
for _ in range(6):
    for optimizer in (fast, slow):
        loss = (judge(net(torch.randn(8, 3))) - 1).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
