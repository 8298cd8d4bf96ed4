"""Generated weights are loaded with vector_to_parameters, which assigns .data slice by slice inside torch: the generator is cut.
Source: no thread (torch.nn.utils.vector_to_parameters)"""
import torch
from torch import nn
from torch.nn.utils import vector_to_parameters
import torch.nn.functional as F


class Generated(nn.Module):
    def __init__(self):
        super().__init__()
        self.code = nn.Parameter(torch.randn(3))
        self.gen = nn.Linear(3, 14)
        self.net = nn.Linear(6, 2)

    def forward(self, x):
        flat = torch.tanh(self.gen(self.code))
        vector_to_parameters(flat, self.net.parameters())
        return self.net(x)


def step():
    torch.manual_seed(0)
    model = Generated()
    return F.cross_entropy(model(torch.randn(4, 6)), torch.tensor([0, 1, 1, 0])), model


EXPECT = {"code": "cut", "gen.weight": "cut", "gen.bias": "cut", "net.weight": "reached", "net.bias": "reached"}
CUTS = [("data", "vector_to_parameters(flat, self.net.parameters())")]
ALT_KINDS = {CUTS[0][1]: ["copy_under_no_grad"]}
