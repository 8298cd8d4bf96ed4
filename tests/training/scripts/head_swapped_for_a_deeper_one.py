import torch
from torch import nn
torch.manual_seed(1)
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Linear(4, 4)
        self.head = nn.Linear(4, 10)
    def forward(self, x):
        return self.head(self.body(x).relu())
net = Net()
opt = torch.optim.SGD(net.parameters(), lr=0.1)
net.head = nn.Sequential(nn.Linear(4, 6), nn.ReLU(), nn.Linear(6, 3))
for _ in range(4):
    opt.zero_grad()
    nn.functional.cross_entropy(net(torch.randn(9, 4)), torch.arange(9) % 3).backward()
    opt.step()
print(net.head[0].weight.sum().item())
