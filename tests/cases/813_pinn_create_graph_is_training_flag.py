"""pinn create graph is training flag."""
import torch
from torch import nn
import torch.nn.functional as F
class PINN(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(2, 8), nn.Tanh(), nn.Linear(8, 1))
        self.nu = nn.Parameter(torch.tensor(0.3))

    def residual(self, x, t):
        u = self.net(torch.stack([x, t], 1))
        ux, ut = torch.autograd.grad(u.sum(), (x, t), create_graph=self.training)
        return ut - self.nu * ux


def step():
    torch.manual_seed(0)
    model = PINN().eval()
    x = torch.rand(9, requires_grad=True)
    t = torch.rand(9, requires_grad=True)
    return model.residual(x, t).square().mean(), model


EXPECT = {"net.0.weight": "cut", "net.0.bias": "cut", "net.2.weight": "cut", "net.2.bias": "unused", "nu": "reached"}
CUTS = [("grad_without_graph", "ux, ut = torch.autograd.grad(u.sum(), (x, t), create_graph=self.training)")]
