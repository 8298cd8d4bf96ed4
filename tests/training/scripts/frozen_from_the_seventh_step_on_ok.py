import torch
from torch import nn
torch.manual_seed(0)
body = nn.Sequential(nn.Linear(6, 5), nn.ReLU())
head = nn.Linear(5, 2)
opt = torch.optim.AdamW([*body.parameters(), *head.parameters()], lr=1e-2)
for step in range(40):
    if step == 6:
        body.requires_grad_(False)
    x = torch.randn(16, 6)
    opt.zero_grad()
    head(body(x)).pow(2).mean().backward()
    opt.step()
