import torch
from torch import nn
import torch.nn.functional as F

torch.manual_seed(0)

import copy

q = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 2))
target = copy.deepcopy(q)
opt = torch.optim.Adam(q.parameters(), lr=1e-3)
for i in range(6):
    s, s2, r = torch.randn(8, 4), torch.randn(8, 4), torch.randn(8)
    a = torch.randint(0, 2, (8, 1))
    with torch.no_grad():
        y = r + 0.9 * target(s2).max(1).values
    loss = F.smooth_l1_loss(q(s).gather(1, a).squeeze(1), y)
    opt.zero_grad()
    loss.backward()
    opt.step()
    if i % 3 == 2:
        target.load_state_dict(q.state_dict())
