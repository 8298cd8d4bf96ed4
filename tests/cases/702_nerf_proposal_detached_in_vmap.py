"""NeRF: the density is mapped over rays with vmap and the proposal weights are detached inside the mapped function."""
import torch
from torch import nn


class Field(nn.Module):
    def __init__(self):
        super().__init__()
        self.proposal = nn.Linear(3, 1)
        self.density = nn.Linear(3, 1)

    def ray(self, points):
        w = self.proposal(points).sigmoid().detach()
        return (self.density(points).exp() * w).sum()


def step():
    torch.manual_seed(0)
    model = Field()
    return torch.func.vmap(model.ray)(torch.randn(4, 6, 3)).square().mean(), model


EXPECT = {"proposal.weight": "cut", "proposal.bias": "cut", "density.weight": "reached", "density.bias": "reached"}
CUTS = [("detach", "w = self.proposal(points).sigmoid().detach()")]
