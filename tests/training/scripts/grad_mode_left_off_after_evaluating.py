import torch
from torch import nn
torch.manual_seed(0)
net = nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 4), nn.Tanh())
head = nn.Linear(4, 1)
opt = torch.optim.Adam([*net.parameters(), *head.parameters()], lr=1e-2)
x, y = torch.randn(32, 4), torch.randn(32, 1)


def evaluate():
    torch.set_grad_enabled(False)
    return float((head(net(x)) - y).pow(2).mean())


def features(x):
    return net(x)


def loss_of(h, y):
    with torch.enable_grad():
        return (head(h) - y).pow(2).mean()


for step in range(32):
    opt.zero_grad()
    loss = loss_of(features(x), y)
    loss.backward()
    opt.step()
    if step == 2:
        evaluate()
