"""A named tuple and a dataclass hold a number for the log and another that the loss uses.
Source: no thread"""
import torch
from torch import nn
import torch.nn.functional as F

from dataclasses import dataclass
from typing import NamedTuple


class Out(NamedTuple):
    loss: torch.Tensor
    logs: dict
    count: int


@dataclass
class Facts:
    value: float
    weight: float = 0.4


def step():
    torch.manual_seed(0)
    model = nn.Linear(4, 3)
    loss = F.cross_entropy(model(torch.randn(6, 4)), torch.arange(6) % 3)
    out = Out(loss, {"loss": loss.item()}, 6)
    facts = Facts(loss.item())
    return out.loss * facts.weight / out.count, model


EXPECT = {"weight": "reached", "bias": "reached"}
CUTS = []
BUG = False
