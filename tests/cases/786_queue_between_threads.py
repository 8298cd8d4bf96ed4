"""A producer thread puts detached features on a queue.
Source: no thread"""
import torch
from torch import nn
import torch.nn.functional as F
import queue
import threading

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Linear(4, 4)
        self.second = nn.Linear(4, 3)


def step():
    torch.manual_seed(0)
    model = Net()
    x = torch.randn(6, 4)
    jobs = queue.Queue()
    t = threading.Thread(target=lambda: jobs.put(model.first(x).detach()))
    t.start()
    h = jobs.get()
    t.join()
    return model.second(h).pow(2).sum(), model

EXPECT = {"first.weight": "cut", "first.bias": "cut", "second.weight": "reached", "second.bias": "reached"}
CUTS = [('detach', 't = threading.Thread(target=lambda: jobs.put(model.first(x).detach()))')]

