import torch
from torch import nn
from torch.distributions import Categorical

torch.manual_seed(0)
actor, critic = nn.Linear(3, 2), nn.Linear(3, 1)


@torch.no_grad()
def policy(x):
    return Categorical(logits=actor(x))


optimizer = torch.optim.Adam([*actor.parameters(), *critic.parameters()], lr=1e-2)
for _ in range(4):
    x = torch.randn(16, 3)
    with torch.no_grad():
        action = policy(x).sample()
        old, value = policy(x).log_prob(action), critic(x)[:, 0]
    returns = action.float() - x[:, 0]
    ratio = (policy(x).log_prob(action) - old).exp()
    loss = -(ratio * (returns - value)).mean() + (critic(x)[:, 0] - returns).square().mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
