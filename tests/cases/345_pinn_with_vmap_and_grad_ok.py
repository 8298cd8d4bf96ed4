"""Physics-informed net: du/dx by torch.func.vmap(grad(u)) over functional_call, residual u' + u = 0. Everything is reached.
Source: no thread (torch.func documentation)"""
import torch
from torch import nn
from torch.func import functional_call, grad, vmap


class PINN(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(1, 6), nn.Tanh(), nn.Linear(6, 1))

    def residual(self, xs):
        params = dict(self.net.named_parameters())

        def u(x):
            return functional_call(self.net, params, (x.unsqueeze(0),)).squeeze()

        return vmap(grad(u))(xs) + vmap(u)(xs)


def step():
    torch.manual_seed(0)
    model = PINN()
    r = model.residual(torch.linspace(0, 1, 7))
    start = model.net(torch.zeros(1, 1)) - 1
    return r.pow(2).mean() + start.pow(2).sum(), model


EXPECT = {f"net.{k}": "reached" for k in ("0.weight", "0.bias", "2.weight", "2.bias")}
CUTS = []
BUG = False
