import torch
from torch import nn

torch.manual_seed(0)
actor, critic = nn.Linear(3, 1), nn.Linear(4, 1)
critic_optimizer = torch.optim.Adam(critic.parameters(), lr=1e-2)
actor_optimizer = torch.optim.Adam(critic.parameters(), lr=1e-2)
for _ in range(6):
    state, action, target = torch.randn(8, 3), torch.randn(8, 1), torch.randn(8, 1)
    loss = (critic(torch.cat([state, action], 1)) - target).square().mean()
    critic_optimizer.zero_grad()
    loss.backward()
    critic_optimizer.step()
    actor_loss = -critic(torch.cat([state, actor(state)], 1)).mean()
    actor_optimizer.zero_grad()
    actor_loss.backward()
    actor_optimizer.step()
