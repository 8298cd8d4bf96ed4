"""TD3: the target action and the target value are computed in two no_grad blocks; the second one also swallows the live critic's features."""
import torch
from torch import nn


class Mlp(nn.Module):
    def __init__(self, a, b):
        super().__init__()
        self.fc = nn.Linear(a, b)

    def forward(self, x):
        return torch.tanh(self.fc(x))


def step():
    torch.manual_seed(0)
    model = nn.ModuleDict({"target": Mlp(3, 2), "features": Mlp(3, 2), "critic": nn.Linear(4, 1)})
    s = torch.randn(5, 3)
    with torch.no_grad():
        a = model["target"](s)
    with torch.no_grad():
        f = model["features"](s)
    return model["critic"](torch.cat([a, f], 1)).square().mean(), model


EXPECT = {"target.fc.weight": "cut", "target.fc.bias": "cut", "features.fc.weight": "cut", "features.fc.bias": "cut",
          "critic.weight": "reached", "critic.bias": "reached"}
CUTS = [("no_grad", "return torch.tanh(self.fc(x))")]
