import torch
from torch import nn
import torch.nn.functional as F

torch.manual_seed(0)

base = nn.Linear(4, 3).requires_grad_(False)
A = nn.Parameter(torch.randn(2, 4))
B = nn.Parameter(torch.zeros(3, 2))
opt = torch.optim.AdamW([A, B], lr=1e-2)
for _ in range(4):
    x = torch.randn(8, 4)
    loss = F.cross_entropy(base(x) + x @ A.t() @ B.t(), torch.randint(0, 3, (8,)))
    opt.zero_grad()
    loss.backward()
    opt.step()
