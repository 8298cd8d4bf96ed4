import torch
from torch import nn

torch.manual_seed(0)
generator, critic = nn.Linear(2, 3), nn.Linear(3, 1)
first = torch.optim.RMSprop(generator.parameters(), lr=1e-3)
second = torch.optim.RMSprop(critic.parameters(), lr=1e-3)
for i in range(6):
    fake = generator(torch.randn(8, 2))
    first.zero_grad()
    (-critic(fake).mean()).backward()
    first.step()
    loss = critic(fake.detach()).mean() - critic(torch.randn(8, 3)).mean()
    second.zero_grad(set_to_none=i % 2 == 0)
    loss.backward()
    second.step()
