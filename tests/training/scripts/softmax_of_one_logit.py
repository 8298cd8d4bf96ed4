import torch
from torch import nn
torch.manual_seed(0)
net = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 1), nn.Softmax(dim=1))
opt = torch.optim.Adam(net.parameters(), lr=0.01)
for step in range(20):
    x = torch.randn(8, 4)
    y = (x.sum(1, keepdim=True) > 0).float()
    opt.zero_grad()
    loss = nn.functional.mse_loss(net(x), y)
    loss.backward()
    opt.step()
