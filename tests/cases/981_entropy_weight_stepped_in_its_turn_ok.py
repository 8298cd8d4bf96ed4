"""SAC: the entropy weight is no part of the model, and takes its own step before the actor's loss.   Source: no thread (SAC idiom)"""
import torch
from torch import nn
class Agent(nn.Module):
    def __init__(self):
        super().__init__()
        self.actor, self.q = nn.Linear(3, 2), nn.Linear(5, 1)


def step():
    torch.manual_seed(0)
    model = Agent()
    log_alpha = torch.zeros(1, requires_grad=True)
    own = torch.optim.Adam([log_alpha], lr=0.01)
    x = torch.randn(4, 3)
    a = model.actor(x).tanh()
    alpha_loss = -(log_alpha.exp() * (a.detach().sum(-1) + 1)).mean()
    alpha_loss.backward()
    own.step()
    return (log_alpha.exp().detach() * a.sum(-1) - model.q(torch.cat([x, a], 1)).squeeze(1)).mean(), model


EXPECT = {"actor.weight": "reached", "actor.bias": "reached", "q.weight": "reached", "q.bias": "reached"}
CUTS = []
BUG = False
