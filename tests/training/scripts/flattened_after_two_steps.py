# three steps go well, then the weights become pieces of one flat parameter
import torch
from torch import nn
torch.manual_seed(0)
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = nn.Linear(6, 12)
        self.b = nn.Linear(12, 2)
    def forward(self, x):
        return self.b(self.a(x).relu())
def flatten(net):
    weights = [(m, k, v) for m in net.modules() for k, v in m._parameters.items() if v is not None]
    net.flat = nn.Parameter(torch.cat([v.data.reshape(-1) for _, _, v in weights]))
    start = 0
    for m, k, v in weights:
        del m._parameters[k]
        m.__dict__[k] = net.flat[start:start + v.numel()].view(v.shape)
        start += v.numel()
net = Net()
optimizer = torch.optim.SGD(net.parameters(), lr=0.05)
for step in range(2):
    optimizer.zero_grad()
    loss = net(torch.randn(10, 6)).square().mean()
    loss.backward()
    optimizer.step()
flatten(net)
for step in range(1):
    optimizer.zero_grad()
    loss = net(torch.randn(10, 6)).square().mean()
    loss.backward()
    optimizer.step()
print(loss.item())
