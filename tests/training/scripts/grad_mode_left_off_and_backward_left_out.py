import torch
from torch import nn
torch.manual_seed(0)
net = nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 1))
opt = torch.optim.SGD(net.parameters(), lr=1e-2, momentum=0.9)
x, y = torch.randn(64, 4), torch.randn(64, 1)


def train_epoch(train):
    torch.set_grad_enabled(train)
    for i in range(0, 64, 8):
        loss = nn.functional.mse_loss(net(x[i:i + 8]), y[i:i + 8])
        if loss.requires_grad:
            opt.zero_grad()
            loss.backward()
        opt.step()


train_epoch(True)
train_epoch(False)
for _ in range(5):
    for i in range(0, 64, 8):
        opt.zero_grad()
        loss = nn.functional.mse_loss(net(x[i:i + 8]), y[i:i + 8])
        if loss.requires_grad:
            loss.backward()
        opt.step()
