# models: policy
import torch
from torch import nn

torch.manual_seed(0)
policy = nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 2))
optimizer = torch.optim.Adam(policy.parameters(), lr=1e-2)
for episode in range(12):
    chances = torch.distributions.Categorical(logits=policy(torch.randn(10, 4)))
    reward = float(episode >= 6)
    loss = -(chances.log_prob(chances.sample()) * reward).mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    print(loss.item())
