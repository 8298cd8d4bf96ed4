"""Reentrant checkpointing above a frozen embedding: nothing inside the checkpoint trains."""

import warnings

import torch
from torch import nn
from torch.utils.checkpoint import checkpoint

import gradviz


def step(mode="reentrant"):
    """Run one step up to the loss; any other ``mode`` checkpoints without reentering."""
    model = nn.ModuleDict(
        {"embedding": nn.Embedding(5, 3), "block": nn.Linear(3, 3), "head": nn.Linear(3, 1)}
    )
    model.embedding.requires_grad_(False)
    h = model.embedding(torch.tensor([1, 2]))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        h = checkpoint(model.block, h, use_reentrant=mode == "reentrant")
    return model.head(h).mean(), model


if __name__ == "__main__":
    with gradviz.trace() as trace:
        loss, model = step()
        loss.backward()
    report = trace.report(loss, model)
    print(report)
    report.to_svg("checkpoint_cuts.svg", engine="embedded")
