# models: net
import torch
from torch import nn

torch.manual_seed(0)
net, judge = nn.Linear(4, 3), nn.Linear(3, 1)  # the judge is held by nobody on purpose
fast = torch.optim.Adam(net.parameters(), lr=0.01)
slow = torch.optim.SGD(net.parameters(), lr=0.01)
for number in range(8):
    optimizer = fast if number % 2 else slow
    optimizer.zero_grad()
    loss = judge(net(torch.randn(8, 4))).square().mean()
    loss.backward()
    optimizer.step()
    print(loss.item())
