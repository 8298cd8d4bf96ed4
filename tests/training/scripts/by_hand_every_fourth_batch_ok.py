# models: net
import torch
from torch import nn


def main():
    torch.manual_seed(0)
    net = nn.Linear(4, 2)
    for number in range(16):
        loss = net(torch.randn(8, 4)).square().mean() / 4
        loss.backward()
        if number % 4 == 3:
            with torch.no_grad():
                for parameter in net.parameters():
                    parameter -= 0.1 * parameter.grad
                    parameter.grad = None
        print(loss.item())


main()
