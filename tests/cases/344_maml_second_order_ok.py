"""Second-order MAML with functional_call and create_graph=True: the meta-parameters are reached through both inner steps.
Source: cf. tristandeleu/pytorch-meta#91"""
import torch
from torch import nn
from torch.func import functional_call
import torch.nn.functional as F


class Learner(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(1, 6), nn.Tanh(), nn.Linear(6, 1))
        self.lr = nn.Parameter(torch.tensor(0.1))

    def adapt(self, x, y, steps=2):
        fast = dict(self.net.named_parameters())
        for _ in range(steps):
            inner = F.mse_loss(functional_call(self.net, fast, (x,)), y)
            grads = torch.autograd.grad(inner, list(fast.values()), create_graph=True)
            fast = {k: p - self.lr * g for (k, p), g in zip(fast.items(), grads)}
        return fast


def step():
    torch.manual_seed(0)
    model = Learner()
    x, xq = torch.randn(5, 1), torch.randn(5, 1)
    fast = model.adapt(x, x.sin())
    return F.mse_loss(functional_call(model.net, fast, (xq,)), xq.sin()), model


EXPECT = {f"net.{k}": "reached" for k in ("0.weight", "0.bias", "2.weight", "2.bias")}
EXPECT["lr"] = "reached"
CUTS = []
BUG = False
