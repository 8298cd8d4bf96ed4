import torch
from torch import nn
torch.manual_seed(0)
class Flat(nn.Module):
    def __init__(self, module):
        super().__init__()
        self.module = module
        self.slots = [(m, n, p.shape) for m in module.modules() for n, p in m._parameters.items() if p is not None]
        theta = torch.cat([m._parameters[n].data.flatten() for m, n, _ in self.slots])
        for m, n, _ in self.slots:
            del m._parameters[n]
        self.theta = nn.Parameter(theta)
    def forward(self, x):
        at = 0
        for m, n, s in self.slots:
            setattr(m, n, self.theta[at:at + s.numel()].reshape(s))
            at += s.numel()
        return self.module(x)
net = nn.Sequential(nn.Linear(4, 8), nn.GELU(), nn.Linear(8, 2))
first = torch.optim.SGD(net.parameters(), lr=0.1)
net = Flat(net)
second = torch.optim.SGD(net.parameters(), lr=0.1)
for i in range(4):
    loss = nn.functional.cross_entropy(net(torch.randn(8, 4)), torch.randint(0, 2, (8,)))
    second.zero_grad()
    loss.backward()
    second.step()
print(loss.item(), len(first.param_groups))
