"""Every block reentrantly checkpointed in a loop, stem frozen: the first block's output does not require grad, so neither does the
second's input, and only the head trains.   Source: cf. huggingface/transformers#21381, #23170"""
import warnings
import torch
from torch import nn
from torch.utils.checkpoint import checkpoint
import torch.nn.functional as F


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Linear(4, 5).requires_grad_(False)
        self.blocks = nn.ModuleList(nn.Sequential(nn.Linear(5, 5), nn.Tanh()) for _ in range(3))
        self.head = nn.Linear(5, 2)

    def forward(self, x):
        x = self.stem(x)
        for block in self.blocks:
            x = checkpoint(block, x, use_reentrant=True)
        return self.head(x)


def step():
    torch.manual_seed(0)
    model = Net()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        logits = model(torch.randn(4, 4))
    return F.cross_entropy(logits, torch.tensor([0, 1, 1, 0])), model


EXPECT = {"stem.weight": "frozen", "stem.bias": "frozen", "head.weight": "reached", "head.bias": "reached"}
EXPECT.update({f"blocks.{i}.0.{k}": "cut" for i in range(3) for k in ("weight", "bias")})
CUTS = [("checkpoint", "x = checkpoint(block, x, use_reentrant=True)")]
ALT_KINDS = {CUTS[0][1]: ["custom_function"]}
