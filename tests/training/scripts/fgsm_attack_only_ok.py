import torch
from torch import nn
import torch.nn.functional as F

torch.manual_seed(0)

model = nn.Sequential(nn.Linear(4, 6), nn.ReLU(), nn.Linear(6, 2))

for _ in range(5):
    x = torch.randn(8, 4, requires_grad=True)
    y = torch.randint(0, 2, (8,))
    loss = F.cross_entropy(model(x), y)
    model.zero_grad()
    loss.backward()
    adv = x + 0.1 * x.grad.sign()
    print((model(adv).argmax(1) == y).float().mean().item())
