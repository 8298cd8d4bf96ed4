"""DQN: the target network is asked under no_grad, so that only the online network trains."""

import copy

import torch
from torch import nn
from torch.nn.functional import smooth_l1_loss

import gradviz


def step():
    """Run one step up to the loss."""
    online = nn.Linear(4, 2)
    model = nn.ModuleDict({"online": online, "target": copy.deepcopy(online)})
    state, following, action, reward = (
        torch.ones(1, 4),
        torch.zeros(1, 4),
        torch.tensor([[1]]),
        torch.ones(1),
    )
    with torch.no_grad():
        best = model.target(following).max(1).values
    value = model.online(state).gather(1, action).squeeze(1)
    return smooth_l1_loss(value, reward + 0.99 * best), model


if __name__ == "__main__":
    with gradviz.trace() as trace:
        loss, model = step()
        loss.backward()
    report = trace.report(loss, model)
    print(report)
    report.to_svg("dqn.svg", engine="embedded")
