"""WGAN-GP: the gradient penalty is multiplied inside the critic by a learned temperature that was detached for the logs."""
import torch
from torch import nn


class Critic(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(3, 4)
        self.out = nn.Linear(4, 1)
        self.temperature = nn.Parameter(torch.tensor(1.5))

    def forward(self, x):
        return self.out(torch.tanh(self.fc(x))) * self.temperature.detach()


def step():
    torch.manual_seed(0)
    model = Critic()
    x = torch.randn(5, 3, requires_grad=True)
    g, = torch.autograd.grad(model(x).sum(), x, create_graph=True)
    return (g.norm(dim=1) - 1).square().mean(), model


EXPECT = {"fc.weight": "reached", "fc.bias": "reached", "out.weight": "reached", "out.bias": "unused", "temperature": "cut"}
CUTS = [("detach", "return self.out(torch.tanh(self.fc(x))) * self.temperature.detach()")]
