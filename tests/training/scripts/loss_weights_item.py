import torch
from torch import nn
import torch.nn.functional as F

torch.manual_seed(0)

model = nn.Linear(4, 2)
log_vars = nn.Parameter(torch.zeros(2))
opt = torch.optim.SGD([*model.parameters(), log_vars], lr=0.1)
for _ in range(4):
    out = model(torch.randn(8, 4))
    w = [v.item() for v in (-log_vars).exp()]
    loss = w[0] * out[:, 0].pow(2).mean() + w[1] * out[:, 1].abs().mean()
    opt.zero_grad()
    loss.backward()
    opt.step()
