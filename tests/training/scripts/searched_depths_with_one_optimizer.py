# models: t.net
import torch
from torch import nn


class Trainer:
    def __init__(self):
        self.net = self.make(1)
        self.opt = torch.optim.SGD(self.net.parameters(), lr=1e-2)

    def make(self, depth):
        return nn.Sequential(
            *[m for _ in range(depth) for m in (nn.Linear(4, 4), nn.Tanh())], nn.Linear(4, 1)
        )

    def search(self):
        for d in (2, 3):
            self.net = self.make(d)
            self.fit()

    def fit(self):
        for i in range(3):
            x = torch.randn(8, 4)
            loss = (self.net(x) - x.sum(1, keepdim=True)).pow(2).mean()
            self.opt.zero_grad()
            loss.backward()
            self.opt.step()
            print(i, loss.item())


torch.manual_seed(0)
t = Trainer()
t.search()
