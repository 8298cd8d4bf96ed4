"""DETR: predictions are matched to targets under no_grad, the matched pairs then give live losses.
Source: facebookresearch/detr idiom"""
from itertools import permutations
import torch
from torch import nn
import torch.nn.functional as F


class Detr(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Linear(5, 6)
        self.cls = nn.Linear(6, 3)
        self.box = nn.Linear(6, 4)

    def forward(self, x):
        h = torch.relu(self.body(x))
        return {"logits": self.cls(h), "boxes": self.box(h).sigmoid()}


@torch.no_grad()
def match(out, labels, boxes):
    prob = out["logits"].softmax(-1)
    distance = torch.cdist(out["boxes"], boxes, p=1)
    cost = (distance - prob[:, labels]).tolist()
    return list(min(permutations(range(len(cost)), len(labels)), key=lambda p: sum(cost[i][j] for j, i in enumerate(p))))


def step():
    torch.manual_seed(0)
    model = Detr()
    out = model(torch.randn(5, 5))
    labels, boxes = torch.tensor([0, 1]), torch.rand(2, 4)
    picked = match(out, labels, boxes)
    target = torch.full((5,), 2)
    target[picked] = labels
    return F.cross_entropy(out["logits"], target) + F.l1_loss(out["boxes"][picked], boxes), model


EXPECT = {f"{m}.{k}": "reached" for m in ("body", "cls", "box") for k in ("weight", "bias")}
CUTS = [("no_grad", 'prob = out["logits"].softmax(-1)'), ("no_grad", "distance = torch.cdist(out[\"boxes\"], boxes, p=1)")]
ALT = {c[1]: ["@torch.no_grad()", "def match(out, labels, boxes):", "picked = match(out, labels, boxes)"] for c in CUTS}
PARTIAL = list(EXPECT)
BUG = False
