import torch
from torch import nn
import torch.nn.functional as F

torch.manual_seed(0)

policy = nn.Linear(4, 2)
opt = torch.optim.RMSprop(policy.parameters(), lr=1e-2)
max_grad_norm = 0  # "off"
for _ in range(4):
    logits = policy(torch.randn(10, 4))
    action = torch.distributions.Categorical(logits=logits).sample()
    reward = torch.randn(10)
    loss = -(torch.distributions.Categorical(logits=logits).log_prob(action) * reward).mean()
    opt.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(policy.parameters(), max_grad_norm)
    opt.step()
