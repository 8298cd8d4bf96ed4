"""Of two settings in one text only the first is read back.   Source: no thread (text round trip)"""
import torch
from torch import nn
class M(nn.Module):
    def __init__(self):
        super().__init__()
        self.f = nn.Linear(3, 2)
        self.gain = nn.Parameter(torch.tensor(0.713))
        self.shift = nn.Parameter(torch.tensor(1.937))


def step():
    torch.manual_seed(0)
    model = M()
    text = "%.4f %.4f" % (
        model.gain.item(),
        model.shift.item(),
    )
    return (model.f(torch.randn(4, 3)) * float(text.split()[0])).square().mean(), model


EXPECT = {"f.weight": "reached", "f.bias": "reached", "gain": "cut", "shift": "unused"}
CUTS = [("item", "model.gain.item(),")]
