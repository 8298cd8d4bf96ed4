import torch
from torch import nn
import torch.nn.functional as F

torch.manual_seed(0)

model = nn.Sequential(nn.Linear(4, 6), nn.Dropout(1.0), nn.Linear(6, 2))
opt = torch.optim.SGD(model[0].parameters(), lr=0.1)
top = torch.optim.SGD([model[2].bias], lr=0.1)
for _ in range(4):
    loss = F.cross_entropy(model(torch.randn(8, 4)), torch.randint(0, 2, (8,)))
    opt.zero_grad()
    top.zero_grad()
    loss.backward()
    opt.step()
    top.step()
