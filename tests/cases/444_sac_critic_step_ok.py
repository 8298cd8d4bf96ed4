"""SAC critic step: next action by rsample, frozen target critics and the entropy temperature all inside no_grad; temperature and actor
have steps of their own.   Source: CleanRL SAC idiom"""
import torch
from torch import nn
from torch.distributions import Normal
import torch.nn.functional as F


class SAC(nn.Module):
    def __init__(self):
        super().__init__()
        self.actor = nn.Linear(3, 4)
        self.q1 = nn.Linear(5, 1)
        self.q2 = nn.Linear(5, 1)
        self.q1_target = nn.Linear(5, 1).requires_grad_(False)
        self.q2_target = nn.Linear(5, 1).requires_grad_(False)
        self.log_alpha = nn.Parameter(torch.zeros(()))

    def act(self, obs):
        mean, log_std = self.actor(obs).chunk(2, -1)
        dist = Normal(mean, log_std.clamp(-5, 2).exp())
        raw = dist.rsample()
        return raw.tanh(), (dist.log_prob(raw) - torch.log(1 - raw.tanh().pow(2) + 1e-6)).sum(-1, keepdim=True)


def step():
    torch.manual_seed(0)
    model = SAC()
    obs, action, reward, after = torch.randn(6, 3), torch.rand(6, 2), torch.randn(6, 1), torch.randn(6, 3)
    with torch.no_grad():
        a2, logp = model.act(after)
        x2 = torch.cat([after, a2], -1)
        q = torch.min(model.q1_target(x2), model.q2_target(x2)) - model.log_alpha.exp() * logp
        y = reward + 0.99 * q
    x = torch.cat([obs, action], -1)
    return F.mse_loss(model.q1(x), y) + F.mse_loss(model.q2(x), y), model


EXPECT = {f"{m}.{k}": v for m, v in (("actor", "cut"), ("q1", "reached"), ("q2", "reached"), ("q1_target", "frozen"),
                                     ("q2_target", "frozen")) for k in ("weight", "bias")}
EXPECT["log_alpha"] = "cut"
CUTS = [("no_grad", "mean, log_std = self.actor(obs).chunk(2, -1)"),
        ("no_grad", "q = torch.min(model.q1_target(x2), model.q2_target(x2)) - model.log_alpha.exp() * logp")]
ALT = {CUTS[0][1]: ["with torch.no_grad():", "a2, logp = model.act(after)"], CUTS[1][1]: ["with torch.no_grad():"]}
BUG = False
