"""The advantage of the actor-critic is not detached but read out with .tolist() to build a tensor of returns: the critic has no loss
of its own and never learns.   Source: no thread (idiom)"""
import torch
from torch import nn
from torch.distributions import Categorical


class ActorCritic(nn.Module):
    def __init__(self):
        super().__init__()
        self.actor = nn.Linear(4, 2)
        self.critic = nn.Linear(4, 1)


def advantages(rewards, values, gamma=0.9):
    out, running = [], 0.0
    for r, v in zip(reversed(rewards), reversed(values.squeeze(-1).tolist())):
        running = r + gamma * running
        out.insert(0, running - v)
    return torch.tensor(out)


def step():
    torch.manual_seed(0)
    model = ActorCritic()
    obs, actions = torch.randn(5, 4), torch.randint(0, 2, (5,))
    adv = advantages([1.0, 0.0, 0.5, 0.0, 1.0], model.critic(obs))
    logp = Categorical(logits=model.actor(obs)).log_prob(actions)
    return -(logp * adv).mean(), model


EXPECT = {"actor.weight": "reached", "actor.bias": "reached", "critic.weight": "cut", "critic.bias": "cut"}
CUTS = [("item", "for r, v in zip(reversed(rewards), reversed(values.squeeze(-1).tolist())):")]
ALT_KINDS = {CUTS[0][1]: ["numpy", "tolist"]}
