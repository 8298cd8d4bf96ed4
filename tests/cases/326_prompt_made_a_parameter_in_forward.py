"""A conditional prompt is computed by a small net and wrapped in nn.Parameter "so that it is trained": the wrap is a new leaf, the
net that made it gets nothing.   Source: cf. pytorch/pytorch#9303 (parameters that are not registered)"""
import torch
from torch import nn
import torch.nn.functional as F


class CoOp(nn.Module):
    def __init__(self):
        super().__init__()
        self.meta_net = nn.Sequential(nn.Linear(5, 4), nn.ReLU(), nn.Linear(4, 6))
        self.text = nn.Linear(6, 3)

    def forward(self, image):
        prompt = nn.Parameter(self.meta_net(image))
        return self.text(torch.tanh(prompt))


def step():
    torch.manual_seed(0)
    model = CoOp()
    return F.cross_entropy(model(torch.randn(4, 5)), torch.tensor([0, 1, 2, 0])), model


EXPECT = {"meta_net.0.weight": "cut", "meta_net.0.bias": "cut", "meta_net.2.weight": "cut", "meta_net.2.bias": "cut",
          "text.weight": "reached", "text.bias": "reached"}
CUTS = [("new_tensor", "prompt = nn.Parameter(self.meta_net(image))")]
ALT_KINDS = {CUTS[0][1]: ["detach", "parameter"]}
UNREGISTERED = 1
