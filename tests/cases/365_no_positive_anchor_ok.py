"""An image without objects: the box loss selects no anchor, sums an empty tensor and divides by max(n, 1), so the box head has
zeros in this step.   Source: no thread (detection idiom)"""
import torch
from torch import nn
import torch.nn.functional as F


class Head(nn.Module):
    def __init__(self):
        super().__init__()
        self.shared = nn.Linear(5, 6)
        self.obj = nn.Linear(6, 1)
        self.box = nn.Linear(6, 4)

    def loss(self, x, positive, target):
        h = torch.relu(self.shared(x))
        objectness = F.binary_cross_entropy_with_logits(self.obj(h).squeeze(-1), positive.float())
        boxes = F.smooth_l1_loss(self.box(h)[positive], target[positive], reduction="sum")
        return objectness + boxes / max(int(positive.sum()), 1)


def step():
    torch.manual_seed(0)
    model = Head()
    return model.loss(torch.randn(8, 5), torch.zeros(8, dtype=torch.bool), torch.rand(8, 4)), model


EXPECT = {"shared.weight": "reached", "shared.bias": "reached", "obj.weight": "reached", "obj.bias": "reached",
          "box.weight": "zero", "box.bias": "zero"}
CUTS = []
ZEROS = [("empty_selection", 'boxes = F.smooth_l1_loss(self.box(h)[positive], target[positive], reduction="sum")')]
BUG = False
