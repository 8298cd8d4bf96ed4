import torch
from torch import nn
import torch.nn.functional as F

torch.manual_seed(0)

enc, dec = nn.Linear(4, 3), nn.Linear(3, 4)
book = nn.Embedding(5, 3)
opt = torch.optim.Adam([*enc.parameters(), *dec.parameters(), *book.parameters()], lr=1e-2)
for _ in range(4):
    x = torch.randn(16, 4)
    z = enc(x)
    index = torch.cdist(z, book.weight).argmin(1)
    q = z + (book(index) - z).detach()
    loss = F.mse_loss(dec(q), x) + 0.25 * F.mse_loss(z, q.detach())
    opt.zero_grad()
    loss.backward()
    opt.step()
