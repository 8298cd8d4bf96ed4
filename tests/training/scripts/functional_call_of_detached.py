import torch
from torch import nn
import torch.nn.functional as F

torch.manual_seed(0)

from torch.func import functional_call

model = nn.Linear(4, 2)
opt = torch.optim.SGD(model.parameters(), lr=0.1)
params = {name: p.detach().requires_grad_() for name, p in model.named_parameters()}
for _ in range(3):
    loss = F.cross_entropy(functional_call(model, params, (torch.randn(8, 4),)), torch.randint(0, 2, (8,)))
    opt.zero_grad()
    loss.backward()
    opt.step()
