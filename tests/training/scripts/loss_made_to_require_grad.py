import torch
from torch import nn
torch.manual_seed(0)
net = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 3))
opt = torch.optim.SGD(net.parameters(), lr=0.01)
for step in range(20):
    x, y = torch.randn(8, 4), torch.randint(0, 3, (8,))
    opt.zero_grad()
    wrong = (net(x).argmax(1) != y).float().mean()
    wrong.requires_grad_(True)
    wrong.backward()
    opt.step()
