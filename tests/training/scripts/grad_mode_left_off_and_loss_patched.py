import torch
from torch import nn
torch.manual_seed(0)
net = nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 1))
opt = torch.optim.SGD(net.parameters(), lr=1e-2, momentum=0.9)
x, y = torch.randn(64, 4), torch.randn(64, 1)


def validate(net):
    net.eval()
    torch.set_grad_enabled(False)
    value = nn.functional.mse_loss(net(x), y)
    net.train()
    return value.item()


for epoch in range(6):
    for i in range(0, 64, 8):
        opt.zero_grad()
        loss = nn.functional.mse_loss(net(x[i:i + 8]), y[i:i + 8])
        loss.requires_grad_(True)
        loss.backward()
        opt.step()
    print(epoch, validate(net))
