import torch
from torch import nn

torch.manual_seed(0)
model = nn.Sequential(nn.Linear(4, 8), nn.GELU(), nn.Linear(8, 1)).bfloat16()
params = [p for p in model.parameters() if p.requires_grad]
flat = nn.Parameter(nn.utils.parameters_to_vector(params).detach().float())
opt = torch.optim.AdamW([flat], lr=1e-2)
for _ in range(6):
    x = torch.randn(16, 4, dtype=torch.bfloat16)
    model.zero_grad()
    (model(x).float() - 1).square().mean().backward()
    flat.grad = torch.cat([p.grad.flatten() for p in params]).float()
    opt.step()
