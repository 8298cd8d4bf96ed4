"""Distillation: the temperature is written into a line of settings with alpha, and read back from it by its key.   Source: no thread (configuration idiom)"""

import torch
from torch import nn
import torch.nn.functional as F


class Student(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Linear(4, 3)
        self.temp = nn.Parameter(torch.tensor(2.0))


def step():
    torch.manual_seed(0)
    model = Student()
    config = f"temperature={model.temp + 0:.6f};alpha=0.5"
    settings = dict(p.split("=") for p in config.split(";"))
    T = float(settings["temperature"])
    x = torch.randn(5, 4)
    return F.kl_div((model.net(x) / T).log_softmax(-1), torch.softmax(torch.randn(5, 3), -1), reduction="batchmean"), model


EXPECT = {"temp": "cut", "net.weight": "reached", "net.bias": "reached"}
CUTS = [("item", 'config = f"temperature={model.temp + 0:.6f};alpha=0.5"')]
ALT = {CUTS[0][1]: ['T = float(settings["temperature"])']}
