import torch
import torch.nn.functional as F
from torch import nn

torch.manual_seed(0)


class Margin(nn.Module):
    def __init__(self, size, classes):
        super().__init__()
        self.centres = nn.Parameter(torch.randn(classes, size))

    def forward(self, z, y):
        return F.cross_entropy(F.normalize(z) @ F.normalize(self.centres).T, y)


net, criterion = nn.Linear(4, 3), Margin(3, 2)
optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
for _ in range(4):
    loss = criterion(net(torch.randn(8, 4)), torch.randint(0, 2, (8,)))
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
