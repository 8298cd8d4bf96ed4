import torch
from torch import nn
import torch.nn.functional as F

torch.manual_seed(0)

policy = nn.Linear(4, 3)
value = nn.Linear(4, 1)
opt = torch.optim.Adam([*policy.parameters(), *value.parameters()], lr=1e-2)
for _ in range(4):
    s = torch.randn(12, 4)
    dist = torch.distributions.Categorical(logits=policy(s))
    a = dist.sample()
    R = torch.randn(12)
    advantage = R - value(s).squeeze(-1).detach()
    loss = -(dist.log_prob(a) * advantage).mean() + F.mse_loss(value(s).squeeze(-1), R) - 0.01 * dist.entropy().mean()
    opt.zero_grad()
    loss.backward()
    opt.step()
