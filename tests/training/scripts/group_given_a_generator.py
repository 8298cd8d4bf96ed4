import torch
from torch import nn
torch.manual_seed(0)
net = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 1))
opt = torch.optim.SGD(net.parameters(), lr=0.01)
opt.param_groups[0]["params"] = (p for p in net.parameters() if p.requires_grad)
for step in range(20):
    x = torch.randn(8, 4)
    opt.zero_grad()
    loss = (net(x).squeeze(1) - x.sum(1)).pow(2).mean()
    loss.backward()
    opt.step()
