"""Of the statistics in a named tuple only the number of steps is used.   Source: no thread (rollout idiom)"""

import collections
import torch
from torch import nn


Stats = collections.namedtuple("Stats", ["steps", "mean"])


class N(nn.Module):
    def __init__(self):
        super().__init__()
        self.pi = nn.Linear(3, 2)
        self.reward = nn.Linear(3, 1)


def step():
    torch.manual_seed(0)
    model = N()
    x = torch.randn(4, 3)
    r = model.reward(x).squeeze(-1)
    stats = Stats(mean=r.mean().item(), steps=len(r))
    return (model.pi(x).log_softmax(-1)[:, 0].sum() + r.square().mean()) / stats.steps, model


EXPECT = {"pi.weight": "reached", "pi.bias": "reached", "reward.weight": "reached", "reward.bias": "reached"}
CUTS = []
BUG = False
