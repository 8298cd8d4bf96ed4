"""Truncated backpropagation through time: the state is detached between windows; all trains."""

import torch
from torch import nn

import gradviz


def step():
    """Run two windows of one step each, up to the loss."""
    model = nn.ModuleDict({"cell": nn.RNNCell(2, 3), "head": nn.Linear(3, 1)})
    state = torch.zeros(1, 3)
    loss = 0.0
    for window in torch.ones(2, 1, 2):
        state = model.cell(window, state)
        loss = loss + model.head(state).mean()
        state = state.detach()
    return loss, model


if __name__ == "__main__":
    with gradviz.trace() as trace:
        loss, model = step()
        loss.backward()
    report = trace.report(loss, model)
    print(report)
    report.to_svg("truncated_bptt.svg", engine="embedded")
