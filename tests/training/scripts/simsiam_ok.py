import torch
from torch import nn
import torch.nn.functional as F

torch.manual_seed(0)

f = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 4))
h = nn.Linear(4, 4)
opt = torch.optim.SGD([*f.parameters(), *h.parameters()], lr=0.05)


def D(p, z):
    return -F.cosine_similarity(p, z.detach()).mean()


for _ in range(4):
    x = torch.randn(8, 4)
    z1, z2 = f(x + 0.1 * torch.randn_like(x)), f(x + 0.1 * torch.randn_like(x))
    loss = D(h(z1), z2) / 2 + D(h(z2), z1) / 2
    opt.zero_grad()
    loss.backward()
    opt.step()
