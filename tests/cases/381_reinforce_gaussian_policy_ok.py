"""REINFORCE with a Gaussian policy: the action is sampled without gradient, the log-probability carries it.
Source: no thread (torch.distributions documentation)"""
import torch
from torch import nn
from torch.distributions import Normal


class Policy(nn.Module):
    def __init__(self):
        super().__init__()
        self.mean = nn.Linear(3, 2)
        self.log_std = nn.Parameter(torch.zeros(2))

    def forward(self, obs):
        return Normal(self.mean(obs), self.log_std.exp())


def step():
    torch.manual_seed(0)
    model = Policy()
    obs = torch.randn(6, 3)
    dist = model(obs)
    action = dist.sample()
    reward = -action.pow(2).sum(-1)
    return -(dist.log_prob(action).sum(-1) * (reward - reward.mean())).mean(), model


EXPECT = {"mean.weight": "reached", "mean.bias": "reached", "log_std": "reached"}
CUTS = [("non_differentiable", "action = dist.sample()")]
ALT_KINDS = {CUTS[0][1]: ["no_grad"]}
PARTIAL = list(EXPECT)
BUG = False
