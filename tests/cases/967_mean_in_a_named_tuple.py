"""Rollout statistics are handed over in a named tuple; the mean reward, a number, is the baseline.   Source: no thread (rollout idiom)"""

from typing import NamedTuple
import torch
from torch import nn


class Stats(NamedTuple):
    steps: int
    mean: float


def rollout(model, x):
    r = model.reward(x).squeeze(-1)
    return Stats(len(r), r.mean().item())


class N(nn.Module):
    def __init__(self):
        super().__init__()
        self.pi = nn.Linear(3, 2)
        self.reward = nn.Linear(3, 1)


def step():
    torch.manual_seed(0)
    model = N()
    x = torch.randn(4, 3)
    stats = rollout(model, x)
    return (model.pi(x).log_softmax(-1)[:, 0] * (1 - 2 * stats.mean)).mean(), model


EXPECT = {"pi.weight": "reached", "pi.bias": "reached", "reward.weight": "cut", "reward.bias": "cut"}
CUTS = [("item", "return Stats(len(r), r.mean().item())")]
