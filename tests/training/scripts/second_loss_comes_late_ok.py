import torch
from torch import nn
torch.manual_seed(0)
body, head, aux = nn.Linear(6, 5), nn.Linear(5, 2), nn.Linear(5, 3)
opt = torch.optim.AdamW([*body.parameters(), *head.parameters(), *aux.parameters()], lr=1e-2)
for step in range(40):
    x = torch.randn(16, 6)
    h = body(x).tanh()
    loss = head(h).pow(2).mean()
    if step >= 10:
        loss = loss + 0.1 * (aux(h) - x[:, :3]).pow(2).mean()
    opt.zero_grad()
    loss.backward()
    opt.step()
