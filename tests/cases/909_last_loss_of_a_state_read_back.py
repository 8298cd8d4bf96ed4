"""A state that a function is given keeps the last loss, and the next loss is divided by it.
Source: no thread"""
import torch
from torch import nn
import torch.nn.functional as F

class State:
    def __init__(self, model):
        self.model, self.weight, self.last = model, 0.2, None


def train_step(state, x, y):
    loss = F.cross_entropy(state.model(x), y)
    state.last = loss.item()
    return loss / state.last * state.weight


def step():
    torch.manual_seed(0)
    model = nn.Linear(4, 3)
    return train_step(State(model), torch.randn(6, 4), torch.arange(6) % 3), model


EXPECT = {"weight": "reached", "bias": "reached"}
CUTS = [("item", "state.last = loss.item()")]
PARTIAL = ["weight", "bias"]
