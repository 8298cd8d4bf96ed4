import torch
from torch import nn
torch.manual_seed(0)
enc, dec = nn.Linear(6, 6, bias=False), nn.Linear(6, 6, bias=False)
dec.weight = nn.Parameter(enc.weight.detach())
opt = torch.optim.SGD(enc.parameters(), lr=0.1)
x = torch.randn(16, 6)
for i in range(5):
    loss = (dec(torch.tanh(enc(x))) - x).square().mean()
    opt.zero_grad()
    loss.backward()
    opt.step()
