"""Pool of candidates: positives go in live, mined negatives detached "to save memory", so the item tower is only pulled, never
pushed.   Source: no thread (idiom)"""
import torch
from torch import nn
import torch.nn.functional as F


class TwoTower(nn.Module):
    def __init__(self):
        super().__init__()
        self.user = nn.Linear(5, 4)
        self.item = nn.Linear(6, 4)
        self.hard = nn.Linear(6, 4)


def step():
    torch.manual_seed(0)
    model = TwoTower()
    users, items, mined = torch.randn(4, 5), torch.randn(4, 6), torch.randn(3, 6)
    pool = torch.empty(7, 4)
    pool[:4] = model.item(items)
    pool[4:] = model.hard(mined).detach()
    return F.cross_entropy(model.user(users) @ pool.t(), torch.arange(4)), model


EXPECT = {"user.weight": "reached", "user.bias": "reached", "item.weight": "reached", "item.bias": "reached",
          "hard.weight": "cut", "hard.bias": "cut"}
CUTS = [("detach", "pool[4:] = model.hard(mined).detach()")]
