"""An ensemble is stacked with torch.func.stack_module_state inside the step: that returns new leaf tensors, and the members' own
parameters, which the optimiser holds, get nothing.   Source: no thread (torch.func model ensembling tutorial)"""
import torch
from torch import nn
from torch.func import functional_call, stack_module_state, vmap
import torch.nn.functional as F


class Ensemble(nn.Module):
    def __init__(self):
        super().__init__()
        self.members = nn.ModuleList(nn.Linear(4, 2) for _ in range(3))

    def forward(self, x):
        params, buffers = stack_module_state(list(self.members))
        base = nn.Linear(4, 2, device="meta")
        return vmap(lambda p, b: functional_call(base, (p, b), (x,)))(params, buffers).mean(0)


def step():
    torch.manual_seed(0)
    model = Ensemble()
    return F.cross_entropy(model(torch.randn(6, 4)), torch.tensor([0, 1, 0, 1, 0, 1])), model


EXPECT = {f"members.{i}.{k}": "cut" for i in range(3) for k in ("weight", "bias")}
CUTS = [("detach", "params, buffers = stack_module_state(list(self.members))")]
ALT_KINDS = {CUTS[0][1]: ["new_tensor", "data", "no_grad"]}
UNREGISTERED = 2
