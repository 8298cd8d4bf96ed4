import torch
from torch import nn
torch.manual_seed(0)
net = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 1))
def free(p):
    p.grad = None
for p in net[0].parameters():
    p.register_post_accumulate_grad_hook(free)
opt = torch.optim.AdamW(net.parameters(), lr=1e-2, weight_decay=0.0)
for step in range(20):
    x = torch.randn(8, 4)
    opt.zero_grad()
    loss = (net(x).squeeze(1) - x.sum(1)).pow(2).mean()
    loss.backward()
    opt.step()
