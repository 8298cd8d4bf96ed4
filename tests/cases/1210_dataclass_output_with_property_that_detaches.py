"""A property of the output object detaches the features that the projection reads.
Source: no thread (idiom)"""
import torch
from torch import nn


from dataclasses import dataclass
@dataclass
class Out:
    hidden: torch.Tensor
    logits: torch.Tensor

    @property
    def features(self):
        return self.hidden.detach()


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.enc = nn.Linear(3, 3)
        self.cls = nn.Linear(3, 2)
        self.proj = nn.Linear(3, 2)

    def forward(self, x):
        h = torch.tanh(self.enc(x))
        return Out(h, self.cls(h))


def step():
    torch.manual_seed(0)
    model = Net()
    out = model(torch.randn(4, 3))
    return model.proj(out.features).square().mean(), model


EXPECT = {'enc.weight': 'cut', 'enc.bias': 'cut', 'cls.weight': 'unused', 'cls.bias': 'unused', 'proj.weight': 'reached', 'proj.bias': 'reached'}
CUTS = [('detach', 'return self.hidden.detach()')]
