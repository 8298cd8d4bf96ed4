# What one optimizer does the other, made to climb, takes back.
import torch
from torch import nn

torch.manual_seed(0)
policy = nn.Linear(4, 2)
with torch.no_grad():
    policy.weight.zero_()
    policy.bias.fill_(1.0)
down = torch.optim.SGD(policy.parameters(), lr=0.25)
up = torch.optim.SGD(policy.parameters(), lr=0.25, maximize=True)
for _ in range(5):
    down.zero_grad()
    policy(torch.ones(2, 4)).sum().backward()
    down.step()
    up.step()
