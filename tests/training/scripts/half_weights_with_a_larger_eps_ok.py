import torch
from torch import nn

torch.manual_seed(0)
net = nn.Sequential(nn.Linear(6, 12), nn.GELU(), nn.Linear(12, 1)).half()
optimizer = torch.optim.AdamW(net.parameters(), lr=1e-2, eps=1e-4)
for _ in range(5):
    x = torch.randn(24, 6).half()
    loss = nn.functional.mse_loss(net(x).float(), x[:, :1].float())
    loss.backward()
    optimizer.step()
    optimizer.zero_grad()
