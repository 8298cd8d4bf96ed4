"""The learning rate of a log record is read back, not the loss that stands beside it.   Source: no thread (logging idiom)"""

import json
import torch
from torch import nn


def step():
    torch.manual_seed(0)
    model = nn.Linear(3, 2)
    y = model(torch.randn(4, 3)).square().mean()
    blob = json.dumps({"lr": 0.5, "loss": y.item()})
    lr = json.loads(blob)["lr"]
    return y * lr, model


EXPECT = {"weight": "reached", "bias": "reached"}
CUTS = []
BUG = False
