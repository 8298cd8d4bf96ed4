"""Whether the batch was judged right is kept for the log, as a truth value; a setting that is one too
multiplies the loss.
Source: no thread"""
import torch
from torch import nn
import torch.nn.functional as F


def step():
    torch.manual_seed(0)
    model = nn.Linear(4, 3)
    labels = torch.arange(6) % 3
    scores = model(torch.randn(6, 4))
    settings = {"smooth": True}
    log = {"right": (scores.argmax(1) == labels).all().item()}
    log["good"] = scores.mean().item() > 0.1
    rows = [(log["right"], False), (log["good"], True)]
    loss = F.cross_entropy(scores, labels) * settings["smooth"]
    return loss + scores.pow(2).mean() * rows[1][1] + scores.mean() * sum(on for _, on in rows), model


EXPECT = {"weight": "reached", "bias": "reached"}
CUTS = []
BUG = False
