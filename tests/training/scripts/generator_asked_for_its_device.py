# Somebody looked at the first parameter, which the optimizer then does not get.
import torch
from torch import nn

torch.manual_seed(0)
model = nn.Sequential(nn.Linear(4, 6), nn.ReLU(), nn.Linear(6, 2))
trainable = filter(lambda p: p.requires_grad, model.parameters())
device = next(trainable).device
optimizer = torch.optim.AdamW(trainable, lr=1e-2)
for _ in range(5):
    x = torch.randn(8, 4, device=device)
    optimizer.zero_grad()
    nn.functional.cross_entropy(model(x), torch.arange(8) % 2).backward()
    optimizer.step()
