"""DDPG critic step: target actor and target critic inside no_grad, soft-updated by copy_ afterwards; the actor is not part of it.
Source: no thread (DDPG idiom)"""
import copy
import torch
from torch import nn
import torch.nn.functional as F


class DDPG(nn.Module):
    def __init__(self):
        super().__init__()
        self.actor = nn.Linear(3, 1)
        self.critic = nn.Linear(4, 1)
        self.actor_target = copy.deepcopy(self.actor)
        self.critic_target = copy.deepcopy(self.critic)

    def soft_update(self, tau=0.05):
        for net, target in ((self.actor, self.actor_target), (self.critic, self.critic_target)):
            for p, t in zip(net.parameters(), target.parameters()):
                t.data.copy_(tau * p.data + (1 - tau) * t.data)


def step():
    torch.manual_seed(0)
    model = DDPG()
    s, a, r, s2 = torch.randn(6, 3), torch.randn(6, 1), torch.randn(6, 1), torch.randn(6, 3)
    with torch.no_grad():
        a2 = torch.tanh(model.actor_target(s2))
        y = r + 0.99 * model.critic_target(torch.cat([s2, a2], 1))
    loss = F.mse_loss(model.critic(torch.cat([s, a], 1)), y)
    model.soft_update()
    return loss, model


EXPECT = {f"{m}.{k}": v for m, v in (("actor", "unused"), ("critic", "reached"), ("actor_target", "cut"), ("critic_target", "cut"))
          for k in ("weight", "bias")}
CUTS = [("no_grad", "a2 = torch.tanh(model.actor_target(s2))"),
        ("no_grad", "y = r + 0.99 * model.critic_target(torch.cat([s2, a2], 1))")]
ALT = {c[1]: ["with torch.no_grad():"] for c in CUTS}
BUG = False
