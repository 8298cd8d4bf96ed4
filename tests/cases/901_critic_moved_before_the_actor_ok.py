"""A critic is moved by its own loss, in which the actor had a part without gradient; then the actor trains through it.
Source: no thread"""
import torch
from torch import nn
import torch.nn.functional as F


def step():
    torch.manual_seed(0)
    model = nn.Linear(3, 2)
    critic = nn.Linear(5, 1)
    optimizer = torch.optim.Adam(critic.parameters(), lr=0.01)
    x = torch.randn(8, 3)
    with torch.no_grad():
        action = model(x).tanh()
    F.mse_loss(critic(torch.cat([x, action], 1)), torch.randn(8, 1)).backward()
    optimizer.step()
    return -critic(torch.cat([x, model(x).tanh()], 1)).mean(), model


EXPECT = {"weight": "reached", "bias": "reached"}
CUTS = []
UNREGISTERED = 2
BUG = False
