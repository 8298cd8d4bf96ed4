import torch
from torch import nn
import torch.nn.functional as F

torch.manual_seed(0)

model = nn.Linear(4, 3)
opt = torch.optim.SGD(model.parameters(), lr=0.1)
for i in range(4):
    x = torch.randn(6, 4)
    p = model(x).softmax(-1)
    if i == 1:
        p = p * torch.tensor([1.0, 1.0, 0.0])  # a class masked out
    loss = -(p * torch.log(p)).sum(-1).mean()
    opt.zero_grad()
    loss.backward()
    opt.step()
