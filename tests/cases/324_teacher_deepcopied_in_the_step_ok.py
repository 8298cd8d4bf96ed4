"""Self-distillation against a frozen snapshot that is deepcopied inside the step: the copy severs, by design.
Source: no thread (continual learning idiom, learning without forgetting)"""
import copy
import torch
from torch import nn
import torch.nn.functional as F


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Linear(5, 6)
        self.head = nn.Linear(6, 3)

    def forward(self, x):
        return self.head(F.silu(self.body(x)))


def step():
    torch.manual_seed(0)
    model = Net()
    teacher = copy.deepcopy(model).requires_grad_(False).eval()
    x, y = torch.randn(6, 5), torch.tensor([0, 1, 2, 0, 1, 2])
    noisy = x + 0.1 * torch.randn_like(x)
    logits = model(noisy)
    keep = F.kl_div(logits.log_softmax(-1), teacher(x).softmax(-1), reduction="batchmean")
    return F.cross_entropy(logits, y) + keep, model


EXPECT = {"body.weight": "reached", "body.bias": "reached", "head.weight": "reached", "head.bias": "reached"}
CUTS = [("deepcopy", "teacher = copy.deepcopy(model).requires_grad_(False).eval()")]
ALT_KINDS = {CUTS[0][1]: ["data", "new_tensor", "detach", "copy_under_no_grad"]}
PARTIAL = list(EXPECT)
BUG = False
