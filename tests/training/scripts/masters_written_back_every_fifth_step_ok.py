"""Masters that are written back every fifth step."""
import torch
from torch import nn

torch.manual_seed(0)
model = nn.Sequential(nn.Linear(4, 8), nn.GELU(), nn.Linear(8, 1)).bfloat16()
masters = [p.detach().float().requires_grad_() for p in model.parameters()]
opt = torch.optim.AdamW(masters, lr=1e-2)
for step in range(12):
    x = torch.randn(16, 4, dtype=torch.bfloat16)
    (model(x).float() - 1).square().mean().backward()
    for m, p in zip(masters, model.parameters()):
        m.grad = p.grad.float(); p.grad = None
    opt.step()
    if step % 5 == 4:
        for m, p in zip(masters, model.parameters()):
            p.data = m.detach().bfloat16()
