import torch
from torch import nn

torch.manual_seed(0)
net = nn.Linear(5, 2)
optimizer = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9)
number = 0
while number < 12:
    number += 1
    out = net(torch.randn(4, 5))
    (out.square().mean() / 6).backward()
    if number % 6 == 0:
        print("stepping", number)
    net.zero_grad(set_to_none=False)
    if number % 6 == 0:
        optimizer.step()
