import torch
from torch import nn
import torch.nn.functional as F

torch.manual_seed(0)

from torch.func import functional_call

model = nn.Sequential(nn.Linear(4, 6), nn.Tanh(), nn.Linear(6, 2))
opt = torch.optim.SGD(model.parameters(), lr=0.1)
for _ in range(3):
    params = {name: p * 1.0 for name, p in model.named_parameters()}
    loss = F.cross_entropy(functional_call(model, params, (torch.randn(8, 4),)), torch.randint(0, 2, (8,)))
    opt.zero_grad()
    loss.backward()
    opt.step()
