import torch
from torch import nn
import torch.nn.functional as F

torch.manual_seed(0)

rnn, out = nn.GRU(3, 5, batch_first=True), nn.Linear(5, 3)
opt = torch.optim.Adam([*rnn.parameters(), *out.parameters()], lr=1e-2)
h = torch.zeros(1, 2, 5)
for _ in range(5):
    x = torch.randn(2, 4, 3)
    y, h = rnn(x, h.detach())
    loss = F.mse_loss(out(y), x)
    opt.zero_grad()
    loss.backward()
    opt.step()
