"""A state that a function is given keeps the last loss for the log; its weight and its counter go into the loss.
Source: no thread"""
import torch
from torch import nn
import torch.nn.functional as F

class State:
    def __init__(self, model):
        self.model, self.weight, self.last, self.steps = model, 0.2, None, 0


def train_step(state, x, y):
    loss = F.cross_entropy(state.model(x), y)
    state.last = loss.item()
    state.steps += 1
    return loss * state.weight / state.steps


def step():
    torch.manual_seed(0)
    model = nn.Linear(4, 3)
    return train_step(State(model), torch.randn(6, 4), torch.arange(6) % 3), model


EXPECT = {"weight": "reached", "bias": "reached"}
CUTS = []
BUG = False
