import torch
from torch import nn
import torch.nn.functional as F

torch.manual_seed(0)

lm = nn.Sequential(nn.Linear(16, 16), nn.GELU(), nn.Linear(16, 4)).to(torch.bfloat16)
with torch.no_grad():
    for p in lm.parameters():
        p.copy_(torch.randn_like(p).sign() * (1 + torch.rand_like(p)))
adamw = torch.optim.AdamW(lm.parameters(), lr=1e-6, weight_decay=0.0)
for _ in range(5):
    loss = lm(torch.randn(8, 16, dtype=torch.bfloat16)).float().pow(2).mean()
    loss.backward()
    adamw.step()
    adamw.zero_grad()
