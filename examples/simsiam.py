"""SimSiam: the stop-gradient on one side is meant. The encoder trains on one of its two routes."""

import torch
from torch import nn
from torch.nn.functional import cosine_similarity

import gradviz


def step():
    """Run one step up to the loss, of one of its two halves."""
    model = nn.ModuleDict({"encoder": nn.Linear(4, 3), "predictor": nn.Linear(3, 3)})
    first, second = torch.eye(2, 4), torch.ones(2, 4)
    predicted = model.predictor(model.encoder(first))
    target = model.encoder(second).detach()
    return -cosine_similarity(predicted, target).mean(), model


if __name__ == "__main__":
    with gradviz.trace() as trace:
        loss, model = step()
        loss.backward()
    report = trace.report(loss, model)
    print(report)
    report.to_svg("simsiam.svg", engine="embedded")
