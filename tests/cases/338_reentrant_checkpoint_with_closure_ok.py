"""The checkpointed function closes over live conditioning instead of taking it as an argument; the recomputation in backward still
walks into it, so the conditioner trains too.   Source: no thread (checkpoint idiom)"""
import torch
from torch import nn
from torch.utils.checkpoint import checkpoint
import torch.nn.functional as F


class FiLM(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Linear(4, 5)
        self.cond = nn.Linear(2, 5)
        self.body = nn.Linear(5, 5)
        self.head = nn.Linear(5, 1)

    def forward(self, x, c):
        gain = torch.sigmoid(self.cond(c))

        def run(h):
            return torch.tanh(self.body(h)) * gain

        return self.head(checkpoint(run, self.stem(x), use_reentrant=True))


def step():
    torch.manual_seed(0)
    model = FiLM()
    return F.mse_loss(model(torch.randn(6, 4), torch.randn(6, 2)), torch.randn(6, 1)), model


EXPECT = {f"{m}.{k}": "reached" for m in ("stem", "cond", "body", "head") for k in ("weight", "bias")}
CUTS = []
LIBRARY_CUTS = ["return self.head(checkpoint(run, self.stem(x), use_reentrant=True))", "return torch.tanh(self.body(h)) * gain"]
BACKWARD_ONLY = True
BUG = False
