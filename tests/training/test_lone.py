"""A module of the user's that is nothing but parameters of its own is told from all others."""

import torch
from torch import nn

from gradviz.training.lone import lone


class Weights(nn.Module):
    def __init__(self):
        super().__init__()
        self.scale = nn.Parameter(torch.ones(2))


class Net(Weights):
    def __init__(self):
        super().__init__()
        self.body = nn.Linear(2, 2)


def test_only_parameters_of_a_module_by_itself_in_training_mode_are_lone():
    roots = {"loss": Weights(), "net": Net(), "judge": nn.Linear(2, 2), "own": torch.ones(1)}
    names = ["loss.scale", "net.scale", "net.body.weight", "judge.weight", "own"]
    assert lone(names, roots) == {"loss.scale"}
    roots["loss"].eval()
    assert lone(names, roots) == frozenset()
