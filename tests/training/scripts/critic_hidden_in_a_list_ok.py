# models: net
import torch
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Linear(4, 4)
        self.judge = [nn.Linear(4, 1).eval()]  # hidden from parameters(), and not to be trained

    def forward(self, x):
        return self.judge[0](self.body(x).tanh())


torch.manual_seed(0)
net = Net()
optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
for _ in range(5):
    optimizer.zero_grad()
    loss = (net(torch.randn(8, 4)) - 1).square().mean()
    loss.backward()
    optimizer.step()
    print(loss.item())
