"""A temperature goes through a csv file in memory.
Source: no thread"""
import torch
from torch import nn
import torch.nn.functional as F
import csv
import io

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Linear(4, 4)
        self.second = nn.Linear(4, 3)


def step():
    torch.manual_seed(0)
    model = Net()
    x = torch.randn(6, 4)
    file = io.StringIO()
    csv.writer(file).writerow([f"{model.first(x).std():.6f}"])
    file.seek(0)
    scale = float(next(csv.reader(file))[0])
    return model.second(x * scale).pow(2).sum(), model

EXPECT = {"first.weight": "cut", "first.bias": "cut", "second.weight": "reached", "second.bias": "reached"}
CUTS = [('item', 'csv.writer(file).writerow([f"{model.first(x).std():.6f}"])')]
ALT = {CUTS[0][1]: ["scale = float(next(csv.reader(file))[0])"]}
