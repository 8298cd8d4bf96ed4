"""Records collated by their keys.
Source: no thread"""
import torch
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.policy, self.value = nn.Linear(3, 2), nn.Linear(3, 1)


def step():
    torch.manual_seed(0)
    model = Net()
    memory = []
    for x in torch.randn(6, 3):
        memory.append({"state": x, "value": model.value(x).item(), "reward": float(x[0])})
    batch = {key: [record[key] for record in memory] for key in memory[0]}
    chance = model.policy(torch.stack(batch["state"])).log_softmax(1)[:, 0]
    return -(chance * torch.tensor(batch["reward"])).mean(), model


EXPECT = {'policy.weight': 'reached', 'policy.bias': 'reached', 'value.weight': 'unused', 'value.bias': 'unused'}
CUTS = []
BUG = False
