"""Model predictive control: the horizon is learned, and the times of the plan are torch.logspace between constants and the horizon."""
import torch
from torch import nn


class Plan(nn.Module):
    def __init__(self):
        super().__init__()
        self.horizon = nn.Parameter(torch.tensor(0.5))
        self.gain = nn.Parameter(torch.tensor(1.5))

    def forward(self):
        times = torch.logspace(-1, self.horizon, 6)
        return (torch.exp(-self.gain * times) * times).sum()


def step():
    torch.manual_seed(0)
    model = Plan()
    return model(), model


EXPECT = {"horizon": "cut", "gain": "reached"}
CUTS = [("item", "times = torch.logspace(-1, self.horizon, 6)")]
ALT_KINDS = {CUTS[0][1]: ["new_tensor", "non_differentiable"]}
