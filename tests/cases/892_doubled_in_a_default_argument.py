"""A number that is kept in a default argument, doubled, keeps the digits of the parameter.
Source: no thread"""
import torch
from torch import nn
import torch.nn.functional as F


def remember(value, memory=[]):
    memory.append(value * 2)
    return memory


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(3, 2)
        self.scale = nn.Parameter(torch.tensor(0.3561))


def step():
    torch.manual_seed(0)
    remember.__defaults__[0].clear()
    model = Net()
    remember(model.scale.item())
    x, y = torch.randn(5, 3), torch.randint(2, (5,))
    return F.cross_entropy(model.fc(x) * remember.__defaults__[0][-1], y), model


EXPECT = {"fc.weight": "reached", "fc.bias": "reached", "scale": "cut"}
CUTS = [("item", "remember(model.scale.item())")]
