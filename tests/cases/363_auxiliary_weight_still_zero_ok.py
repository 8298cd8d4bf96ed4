"""The auxiliary loss is ramped up from weight 0.0; in the first epoch its head gets zeros, which is the schedule.
Source: no thread (idiom)"""
import torch
from torch import nn
import torch.nn.functional as F


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Linear(5, 6)
        self.main = nn.Linear(6, 3)
        self.aux = nn.Linear(6, 1)


def step(epoch=0):
    torch.manual_seed(0)
    model = Net()
    h = torch.relu(model.body(torch.randn(6, 5)))
    weight = min(1.0, epoch / 5)
    main = F.cross_entropy(model.main(h), torch.tensor([0, 1, 2, 0, 1, 2]))
    return main + weight * F.mse_loss(model.aux(h), torch.rand(6, 1)), model


EXPECT = {"body.weight": "reached", "body.bias": "reached", "main.weight": "reached", "main.bias": "reached",
          "aux.weight": "zero", "aux.bias": "zero"}
CUTS = []
ZEROS = [("zero_factor", "return main + weight * F.mse_loss(model.aux(h), torch.rand(6, 1)), model")]
BUG = False
