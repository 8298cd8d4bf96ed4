"""A2C over a shared body: the advantage in the policy term is detached, so the critic learns from its own loss only.
Source: no thread (A2C idiom)"""
import torch
from torch import nn
from torch.distributions import Categorical


class A2C(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Linear(4, 6)
        self.pi = nn.Linear(6, 2)
        self.v = nn.Linear(6, 1)


def step():
    torch.manual_seed(0)
    model = A2C()
    obs, actions, returns = torch.randn(7, 4), torch.randint(0, 2, (7,)), torch.randn(7)
    h = torch.relu(model.body(obs))
    dist, value = Categorical(logits=model.pi(h)), model.v(h).squeeze(-1)
    advantage = returns - value
    actor = -(dist.log_prob(actions) * advantage.detach()).mean()
    return actor + 0.5 * advantage.pow(2).mean() - 0.01 * dist.entropy().mean(), model


EXPECT = {f"{m}.{k}": "reached" for m in ("body", "pi", "v") for k in ("weight", "bias")}
CUTS = [("detach", "actor = -(dist.log_prob(actions) * advantage.detach()).mean()")]
PARTIAL = ["body.weight", "body.bias", "v.weight", "v.bias"]
BUG = False
