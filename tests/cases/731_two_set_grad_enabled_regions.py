"""Two regions between set_grad_enabled(False) and (True) run the same encoder class; only the second swallows what should train."""
import torch
from torch import nn


class Enc(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(3, 3)

    def forward(self, x):
        return self.fc(x).tanh()


def step():
    torch.manual_seed(0)
    model = nn.ModuleDict({"ema": Enc(), "online": Enc(), "head": nn.Linear(3, 3)})
    x = torch.randn(4, 3)
    torch.set_grad_enabled(False)
    t = model["ema"](x)
    torch.set_grad_enabled(True)
    torch.set_grad_enabled(False)
    z = model["online"](x)
    torch.set_grad_enabled(True)
    return (model["head"](z) - t).square().mean(), model


EXPECT = {"ema.fc.weight": "cut", "ema.fc.bias": "cut", "online.fc.weight": "cut", "online.fc.bias": "cut",
          "head.weight": "reached", "head.bias": "reached"}
CUTS = [("set_grad_enabled", "return self.fc(x).tanh()")]
