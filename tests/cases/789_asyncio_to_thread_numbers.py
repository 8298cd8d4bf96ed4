"""Coroutines hand a thread's numbers back.
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
    async def scale():
        return await asyncio.to_thread(lambda: model.first(x).std().item())
    return model.second(x * asyncio.run(scale())).pow(2).sum(), model

EXPECT = {"first.weight": "cut", "first.bias": "cut", "second.weight": "reached", "second.bias": "reached"}
CUTS = [('item', 'return await asyncio.to_thread(lambda: model.first(x).std().item())')]

