import torch
import torch.nn.functional as F
from torch import nn

torch.manual_seed(0)

import math


class LoRA(nn.Module):
    def __init__(self, base, rank=4):
        super().__init__()
        self.base = base.requires_grad_(False)
        self.a = nn.Parameter(torch.empty(rank, base.in_features))
        self.b = nn.Parameter(torch.zeros(base.out_features, rank))
        nn.init.kaiming_uniform_(self.a, a=math.sqrt(5))

    def forward(self, x):
        return self.base(x) + 2 * x @ self.a.T @ self.b.T


layers = (LoRA(nn.Linear(32, 32)), nn.GELU(), LoRA(nn.Linear(32, 32)), nn.GELU())
model = nn.Sequential(*layers, nn.Linear(32, 5))
optimizer = torch.optim.AdamW([p for p in model.parameters() if p.requires_grad], lr=2e-4)
for _ in range(8):
    x = torch.randn(16, 32)
    loss = F.cross_entropy(model(x), (x[:, 0] > 0).long())
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
