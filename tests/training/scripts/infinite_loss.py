import torch
from torch import nn
import torch.nn.functional as F

torch.manual_seed(0)

model = nn.Linear(4, 1)
opt = torch.optim.SGD(model.parameters(), lr=0.1)
for i in range(3):
    out = model(torch.randn(6, 4) * 100)
    loss = torch.exp(out * 50).mean()
    opt.zero_grad()
    loss.backward()
    opt.step()
