# models: net
import torch
from torch import nn

torch.manual_seed(0)
net = nn.Linear(4, 2)
slow = [parameter.detach().clone() for parameter in net.parameters()]
fast = torch.optim.SGD(net.parameters(), lr=0.1)
for number in range(6):
    fast.zero_grad()
    loss = net(torch.randn(8, 4)).square().mean()
    loss.backward()
    fast.step()
    if number % 2:
        with torch.no_grad():
            for parameter, anchor in zip(net.parameters(), slow, strict=True):
                anchor.lerp_(parameter, 0.5)
                parameter.copy_(anchor)
    print(loss.item())
