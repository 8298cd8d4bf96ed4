import torch
from torch import nn
import torch.nn.functional as F

torch.manual_seed(0)

model = nn.Sequential(nn.Linear(4, 6), nn.ReLU(), nn.Linear(6, 2))

image = torch.randn(1, 4, requires_grad=True)
opt = torch.optim.Adam([image], lr=0.05)
for _ in range(5):
    loss = -model(image)[0, 1] + 0.1 * image.pow(2).mean()
    opt.zero_grad()
    loss.backward()
    opt.step()
