# A trainer copies the model that it is given, whose optimizer was made by the caller.
import copy
import torch
from torch import nn


class Trainer:
    def __init__(self, net):
        self.net = copy.deepcopy(net)

    def fit(self, optimizer):
        for _ in range(5):
            optimizer.zero_grad()
            loss = nn.functional.cross_entropy(self.net(torch.randn(8, 4)), torch.arange(8) % 2)
            loss.backward()
            optimizer.step()


def main():
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(4, 6), nn.ReLU(), nn.Linear(6, 2))
    Trainer(net).fit(torch.optim.SGD(net.parameters(), lr=0.1))


main()
