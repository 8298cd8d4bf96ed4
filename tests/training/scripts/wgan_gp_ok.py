import torch
from torch import nn
import torch.nn.functional as F

torch.manual_seed(0)

G = nn.Linear(2, 2)
D = nn.Sequential(nn.Linear(2, 8), nn.LeakyReLU(), nn.Linear(8, 1))
og = torch.optim.Adam(G.parameters(), lr=1e-3)
od = torch.optim.Adam(D.parameters(), lr=1e-3)
for i in range(6):
    real, fake = torch.randn(8, 2), G(torch.randn(8, 2)).detach()
    mix = torch.lerp(real, fake, torch.rand(8, 1)).requires_grad_()
    (g,) = torch.autograd.grad(D(mix).sum(), mix, create_graph=True)
    ld = D(fake).mean() - D(real).mean() + 10 * (g.norm(dim=1) - 1).pow(2).mean()
    od.zero_grad()
    ld.backward()
    od.step()
    if i % 3 == 2:
        lg = -D(G(torch.randn(8, 2))).mean()
        og.zero_grad()
        lg.backward()
        og.step()
