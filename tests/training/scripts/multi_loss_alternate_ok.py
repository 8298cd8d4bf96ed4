import torch
from torch import nn
import torch.nn.functional as F

torch.manual_seed(0)

trunk, a, b = nn.Linear(4, 6), nn.Linear(6, 2), nn.Linear(6, 3)
opt = torch.optim.Adam([*trunk.parameters(), *a.parameters(), *b.parameters()], lr=1e-3)
for i in range(6):
    h = trunk(torch.randn(8, 4)).relu()
    loss = F.cross_entropy(a(h), torch.randint(0, 2, (8,))) if i % 2 else F.cross_entropy(b(h), torch.randint(0, 3, (8,)))
    opt.zero_grad()
    loss.backward()
    opt.step()
