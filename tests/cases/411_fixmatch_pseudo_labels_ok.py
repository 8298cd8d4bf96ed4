"""FixMatch: pseudo labels from the weakly augmented view, detached, kept above a confidence threshold; the strong view trains.
Source: kekmodel/FixMatch-pytorch idiom"""
import torch
from torch import nn
import torch.nn.functional as F


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Linear(5, 8)
        self.out = nn.Linear(8, 3)

    def forward(self, x):
        return self.out(F.leaky_relu(self.body(x), 0.1))


def step():
    torch.manual_seed(0)
    model = Net()
    x, y, u = torch.randn(6, 5), torch.tensor([0, 1, 2, 0, 1, 2]), 3 * torch.randn(12, 5)
    weak, strong = u + 0.01 * torch.randn_like(u), u + 0.3 * torch.randn_like(u)
    logits, logits_w, logits_s = model(torch.cat([x, weak, strong])).split([6, 12, 12])
    pseudo = logits_w.detach().softmax(-1)
    confidence, target = pseudo.max(-1)
    mask = confidence.ge(0.5).float()
    return F.cross_entropy(logits, y) + (F.cross_entropy(logits_s, target, reduction="none") * mask).mean(), model


EXPECT = {"body.weight": "reached", "body.bias": "reached", "out.weight": "reached", "out.bias": "reached"}
CUTS = [("detach", "pseudo = logits_w.detach().softmax(-1)")]
PARTIAL = list(EXPECT)
BUG = False
