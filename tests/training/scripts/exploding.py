import torch
from torch import nn
import torch.nn.functional as F

torch.manual_seed(0)

rnn = nn.RNN(4, 16, nonlinearity="relu", batch_first=True)
with torch.no_grad():
    rnn.weight_hh_l0.mul_(6)
out = nn.Linear(16, 1)
opt = torch.optim.SGD([*rnn.parameters(), *out.parameters()], lr=1e-2)
for _ in range(4):
    y, _ = rnn(torch.randn(4, 40, 4))
    loss = out(y[:, -1]).square().mean()
    opt.zero_grad()
    loss.backward()
    opt.step()
