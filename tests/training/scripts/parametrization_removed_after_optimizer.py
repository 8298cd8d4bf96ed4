import torch
from torch import nn
torch.manual_seed(0)
from torch.nn.utils import parametrizations, parametrize
net = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 1))
parametrizations.weight_norm(net[0])
opt = torch.optim.SGD(net.parameters(), lr=0.01)
parametrize.remove_parametrizations(net[0], "weight")
for step in range(20):
    x = torch.randn(8, 4)
    opt.zero_grad()
    loss = (net(x).squeeze(1) - x.sum(1)).pow(2).mean()
    loss.backward()
    opt.step()
