"""GradCache: representations are detached, the contrastive loss's gradient with respect to them is taken, and the surrogate
(representation * cached gradient).sum() carries it into the encoder.   Source: luyug/GradCache idiom"""
import torch
from torch import nn
import torch.nn.functional as F


class Encoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Linear(5, 4)

    def forward(self, x):
        return F.normalize(self.net(x), dim=-1)


def step():
    torch.manual_seed(0)
    model = Encoder()
    reps = model(torch.randn(6, 5))
    leaf = reps.detach().requires_grad_()
    loss = F.cross_entropy(leaf[:3] @ leaf[3:].t() / 0.1, torch.arange(3))
    cached, = torch.autograd.grad(loss, leaf)
    return (reps * cached).sum(), model


EXPECT = {"net.weight": "reached", "net.bias": "reached"}
CUTS = [("detach", "leaf = reps.detach().requires_grad_()")]
LIBRARY_CUTS = ["cached, = torch.autograd.grad(loss, leaf)"]  # only the leaf is behind it
PARTIAL = ["net.weight", "net.bias"]
BUG = False
