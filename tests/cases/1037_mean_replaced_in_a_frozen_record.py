"""A frozen data class counts a running mean of live numbers: each replace() makes the next, and the last is a baseline."""
import torch
from torch import nn
import torch.nn.functional as F
from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Running:
    count: int = 0
    total: float = 0.0


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.critic, self.head = nn.Linear(3, 1), nn.Linear(3, 1)


def step():
    torch.manual_seed(0)
    model = Net()
    x = torch.randn(5, 3)
    running = Running()
    for value in model.critic(x).exp().flatten():
        running = replace(running, count=running.count + 1, total=running.total + value.item())
    return (model.head(x) - running.total / 5).pow(2).mean(), model


EXPECT = {"critic.weight": "cut", "critic.bias": "cut", "head.weight": "reached", "head.bias": "reached"}
CUTS = [("item", "running = replace(running, count=running.count + 1, total=running.total + value.item())")]
