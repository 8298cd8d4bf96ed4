"""PPO: old log-probabilities and values are taken under no_grad, advantages normalised, ratio clipped; actor and critic share a body.
Source: no thread (CleanRL idiom)"""
import torch
from torch import nn
from torch.distributions import Categorical


class Agent(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Linear(4, 8)
        self.actor = nn.Linear(8, 3)
        self.critic = nn.Linear(8, 1)

    def evaluate(self, obs, action=None):
        h = torch.tanh(self.body(obs))
        dist = Categorical(logits=self.actor(h))
        if action is None:
            action = dist.sample()
        return action, dist.log_prob(action), dist.entropy(), self.critic(h).squeeze(-1)


def step():
    torch.manual_seed(0)
    model = Agent()
    obs = torch.randn(12, 4)
    with torch.no_grad():
        action, old_logp, _, old_value = model.evaluate(obs)
    returns = obs.sum(-1)
    advantage = returns - old_value
    advantage = (advantage - advantage.mean()) / (advantage.std() + 1e-8)
    _, logp, entropy, value = model.evaluate(obs, action)
    ratio = (logp - old_logp).exp()
    policy = -torch.min(ratio * advantage, ratio.clamp(0.8, 1.2) * advantage).mean()
    return policy + 0.5 * (value - returns).pow(2).mean() - 0.01 * entropy.mean(), model


EXPECT = {f"{m}.{k}": "reached" for m in ("body", "actor", "critic") for k in ("weight", "bias")}
_outer = "action, old_logp, _, old_value = model.evaluate(obs)"
CUTS = [("no_grad", "h = torch.tanh(self.body(obs))"), ("no_grad", "dist = Categorical(logits=self.actor(h))"),
        ("no_grad", "return action, dist.log_prob(action), dist.entropy(), self.critic(h).squeeze(-1)")]
ALT = {c[1]: ["with torch.no_grad():", _outer] for c in CUTS}
PARTIAL = list(EXPECT)
BUG = False
