import torch
from torch import nn
import torch.nn.functional as F

torch.manual_seed(0)

import copy

model = nn.Linear(4, 2)
shadow = copy.deepcopy(model).requires_grad_(False)
opt = torch.optim.Adam(model.parameters(), lr=0.01)
for i in range(4):
    loss = F.cross_entropy(model(torch.randn(8, 4)), torch.randint(0, 2, (8,)))
    opt.zero_grad()
    loss.backward()
    opt.step()
    with torch.no_grad():
        for s, p in zip(shadow.parameters(), model.parameters()):
            s.lerp_(p, 0.5)
        kept = [p.clone() for p in model.parameters()]
        for s, p in zip(shadow.parameters(), model.parameters()):
            p.copy_(s)
        model(torch.randn(2, 4))
        for k, p in zip(kept, model.parameters()):
            p.copy_(k)
