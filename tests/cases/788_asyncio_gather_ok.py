"""Coroutines that run layers with gradient.
Source: no thread"""
import torch
from torch import nn
import torch.nn.functional as F
import asyncio

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Linear(4, 4)
        self.second = nn.Linear(4, 3)


def step():
    torch.manual_seed(0)
    model = Net()
    x = torch.randn(6, 4)
    async def one(row):
        await asyncio.sleep(0)
        return model.first(row)
    async def every():
        return await asyncio.gather(*(one(row) for row in x))
    return model.second(torch.stack(asyncio.run(every()))).pow(2).sum(), model

EXPECT = {"first.weight": "reached", "first.bias": "reached", "second.weight": "reached", "second.bias": "reached"}
CUTS = []
BUG = False
