"""output marked non differentiable."""
import torch
from torch import nn
import torch.nn.functional as F
class SoftTop(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, k):
        values, idx = x.topk(k, -1)
        weights = values.softmax(-1)
        ctx.save_for_backward(weights, idx)
        ctx.n = x.shape[-1]
        ctx.mark_non_differentiable(weights, idx)
        return weights, idx

    @staticmethod
    def backward(ctx, g, _):
        w, idx = ctx.saved_tensors
        return torch.zeros(*g.shape[:-1], ctx.n).scatter(-1, idx, w * (g - (g * w).sum(-1, keepdim=True))), None


class Router(nn.Module):
    def __init__(self):
        super().__init__()
        self.gate = nn.Linear(4, 5)
        self.values = nn.Parameter(torch.randn(5, 3))

    def forward(self, x):
        w, idx = SoftTop.apply(self.gate(x), 2)
        return (w[..., None] * self.values[idx]).sum(1)


def step():
    torch.manual_seed(0)
    model = Router()
    return F.cross_entropy(model(torch.randn(6, 4)), torch.randint(3, (6,))), model


EXPECT = {"gate.weight": "cut", "gate.bias": "cut", "values": "reached"}
CUTS = [("custom_function", "w, idx = SoftTop.apply(self.gate(x), 2)")]
ALT = {CUTS[0][1]: ["ctx.mark_non_differentiable(weights, idx)"]}
ALT_KINDS = {CUTS[0][1]: ["non_differentiable"]}
