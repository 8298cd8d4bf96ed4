# models: left,right
import torch
from torch import nn

torch.manual_seed(0)
left, right = nn.Linear(4, 2), nn.Linear(4, 2)
left_optimizer = torch.optim.SGD(left.parameters(), lr=0.1)
right_optimizer = torch.optim.SGD(left.parameters(), lr=0.1)


def step(model, optimizer, x, y):
    optimizer.zero_grad()
    loss = nn.functional.cross_entropy(model(x), y)
    loss.backward()
    optimizer.step()
    print(loss.item())


for _ in range(4):
    x, y = torch.randn(8, 4), torch.randint(0, 2, (8,))
    step(left, left_optimizer, x, y)
    step(right, right_optimizer, x, y)
