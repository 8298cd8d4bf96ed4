"""Features are taken from hidden_states[-2], so the last block of the tower and its final norm run and are never read.
Source: haotian-liu/LLaVA#1475"""
import torch
from torch import nn
import torch.nn.functional as F


class Tower(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.ModuleList(nn.Linear(5, 5) for _ in range(3))
        self.post_norm = nn.LayerNorm(5)

    def forward(self, x):
        states = [x]
        for layer in self.layers:
            states.append(states[-1] + F.gelu(layer(states[-1])))
        return {"last": self.post_norm(states[-1]), "hidden_states": tuple(states)}


class Llava(nn.Module):
    def __init__(self):
        super().__init__()
        self.tower = Tower()
        self.projector = nn.Linear(5, 4)

    def forward(self, x):
        return self.projector(self.tower(x)["hidden_states"][-2])


def step():
    torch.manual_seed(0)
    model = Llava()
    return F.cross_entropy(model(torch.randn(4, 5)), torch.tensor([0, 1, 2, 3])), model


EXPECT = {f"tower.layers.{i}.{k}": "unused" if i == 2 else "reached" for i in range(3) for k in ("weight", "bias")}
EXPECT.update({"tower.post_norm.weight": "unused", "tower.post_norm.bias": "unused", "projector.weight": "reached",
               "projector.bias": "reached"})
CUTS = []
