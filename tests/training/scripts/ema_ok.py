import torch
from torch import nn
import torch.nn.functional as F

torch.manual_seed(0)

import copy

student = nn.Linear(4, 2)
teacher = copy.deepcopy(student)
for p in teacher.parameters():
    p.requires_grad = False
opt = torch.optim.SGD(student.parameters(), lr=0.1)
for _ in range(4):
    x = torch.randn(8, 4)
    loss = F.mse_loss(student(x), teacher(x + 0.1 * torch.randn_like(x)))
    opt.zero_grad()
    loss.backward()
    opt.step()
    with torch.no_grad():
        for s, t in zip(student.parameters(), teacher.parameters()):
            t.lerp_(s, 0.1)
