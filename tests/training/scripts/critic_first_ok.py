# The critic steps five times before the generator does once.
import torch
from torch import nn


def train(generator, critic, rounds):
    opt_c = torch.optim.RMSprop(critic.parameters(), lr=1e-2)
    opt_g = torch.optim.RMSprop(generator.parameters(), lr=1e-2)
    for number in range(rounds):
        fake = generator(torch.randn(8, 2)).detach()
        opt_c.zero_grad()
        (critic(fake).mean() - critic(torch.ones(8, 3) + 0.1 * torch.randn(8, 3)).mean()).backward()
        opt_c.step()
        if number % 5 == 4:
            opt_g.zero_grad()
            (-critic(generator(torch.randn(8, 2))).mean()).backward()
            opt_g.step()


torch.manual_seed(0)
generator, critic = nn.Linear(2, 3), nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 1))
train(generator, critic, 25)
