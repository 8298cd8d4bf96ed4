import torch
from torch import nn

torch.manual_seed(0)
back = nn.Sequential(nn.Linear(5, 4), nn.BatchNorm1d(4), nn.ReLU())
head = nn.Linear(4, 3)
back.requires_grad_(False)
opt = torch.optim.SGD(head.parameters(), lr=0.1)
x, y = torch.randn(48, 5), torch.arange(48) % 3
for epoch in range(12):
    if epoch == 6:
        back.requires_grad_(True)
        opt.add_param_group({"params": back.parameters(), "lr": 1e-3})
    loss = nn.functional.cross_entropy(head(back(x)), y)
    opt.zero_grad()
    loss.backward()
    opt.step()
