import torch
from torch import nn


def make(hidden):
    return nn.Sequential(nn.Linear(3, hidden), nn.Tanh(), nn.Linear(hidden, 2))


def main():
    torch.manual_seed(0)
    net = make(5)
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    if next(net.parameters()).device.type == "cpu":
        net = make(hidden=5)
    net.train()
    for _ in range(4):
        x = torch.randn(8, 3)
        loss = (net(x) - x[:, :2]).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()


main()
