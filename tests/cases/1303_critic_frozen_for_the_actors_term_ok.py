"""One loss of two terms: the critic is frozen by a context manager while it scores the actor, and trains by its own term.   Source: cf. openai/spinningup ddpg.py (freezing the Q-network for the policy step)"""
import contextlib
import torch
from torch import nn


@contextlib.contextmanager
def frozen(module):
    for p in module.parameters():
        p.requires_grad_(False)
    yield
    for p in module.parameters():
        p.requires_grad_(True)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.critic = nn.Linear(3, 1)
        self.actor = nn.Linear(3, 3)


def step():
    torch.manual_seed(0)
    model = Net()
    x = torch.randn(4, 3)
    with frozen(model.critic):
        q = model.critic(torch.tanh(model.actor(x)))
    return model.critic(x).square().mean() - q.mean(), model


EXPECT = {"critic.weight": "reached", "critic.bias": "reached", "actor.weight": "reached", "actor.bias": "reached"}
CUTS = [("frozen", "p.requires_grad_(False)")]
ALT = {CUTS[0][1]: ["with frozen(model.critic):", "q = model.critic(torch.tanh(model.actor(x)))", "p.requires_grad_(True)"]}
PARTIAL = ["critic.weight", "critic.bias"]
BUG = False
