"""Predicted boxes pass a numpy clip helper and come back through torch.as_tensor: the box head is cut, the class head trains.
Source: no thread (idiom, detection post-processing reused in the loss)"""
import numpy as np
import torch
from torch import nn
import torch.nn.functional as F


class Detector(nn.Module):
    def __init__(self):
        super().__init__()
        self.backbone = nn.Linear(8, 8)
        self.box = nn.Linear(8, 4)
        self.cls = nn.Linear(8, 3)

    def forward(self, x):
        f = torch.relu(self.backbone(x))
        return clip(self.box(f), 1.0), self.cls(f)


def clip(boxes, size):
    array = boxes.data.cpu().numpy()
    array = np.stack([np.clip(array[:, i], 0, size) for i in range(4)], 1)
    return torch.as_tensor(array, dtype=boxes.dtype)


def step():
    torch.manual_seed(0)
    model = Detector()
    boxes, logits = model(torch.randn(6, 8))
    return F.smooth_l1_loss(boxes, torch.rand(6, 4)) + F.cross_entropy(logits, torch.tensor([0, 1, 2, 0, 1, 2])), model


EXPECT = {"backbone.weight": "reached", "backbone.bias": "reached", "box.weight": "cut", "box.bias": "cut",
          "cls.weight": "reached", "cls.bias": "reached"}
CUTS = [("data", "array = boxes.data.cpu().numpy()")]
ALT_KINDS = {CUTS[0][1]: ["numpy"]}
PARTIAL = ["backbone.weight", "backbone.bias"]
