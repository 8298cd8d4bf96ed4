import torch
from torch import nn
import torch.nn.functional as F

torch.manual_seed(0)

model = nn.Sequential(nn.Linear(4, 6), nn.ReLU(), nn.Linear(6, 2))
opt = torch.optim.SGD(model.parameters(), lr=0.1)
for i in range(4):
    loss = F.cross_entropy(model(torch.randn(8, 4)), torch.randint(0, 2, (8,)))
    x = torch.randn(8, 4, requires_grad=True)
    y = torch.randint(0, 2, (8,))
    F.cross_entropy(model(x), y).backward()
    adv = (x + 0.1 * x.grad.sign()).detach()
    opt.zero_grad()
    F.cross_entropy(model(adv), y).backward()
    opt.step()
