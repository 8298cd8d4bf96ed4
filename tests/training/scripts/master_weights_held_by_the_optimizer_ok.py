import torch
from torch import nn
torch.manual_seed(0)
model = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 1)).bfloat16()
opt = torch.optim.SGD([p.detach().clone().float().requires_grad_() for p in model.parameters()], lr=1e-1)
for _ in range(4):
    loss = model(torch.randn(8, 3).bfloat16()).float().square().mean()
    model.zero_grad()
    loss.backward()
    masters = opt.param_groups[0]["params"]
    for m, p in zip(masters, model.parameters()):
        m.grad = p.grad.float()
    opt.step()
    with torch.no_grad():
        for m, p in zip(masters, model.parameters()):
            p.copy_(m)
