import torch
from torch import nn
import torch.nn.functional as F

torch.manual_seed(0)

model = nn.Linear(4, 2)
log_vars = nn.Parameter(torch.zeros(2))
opt = torch.optim.SGD(model.parameters(), lr=0.1)
for _ in range(4):
    out = model(torch.randn(8, 4))
    losses = torch.stack([out[:, 0].pow(2).mean(), out[:, 1].abs().mean()])
    loss = (losses * torch.exp(-log_vars) + log_vars).sum()
    opt.zero_grad()
    loss.backward()
    opt.step()
