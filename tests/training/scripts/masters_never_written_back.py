"""fp32 master copies that are never copied back."""
import torch
from torch import nn


class MixedPrecision:
    def __init__(self, model, lr):
        self.model = model
        self.master = [p.detach().float().clone().requires_grad_(True) for p in model.parameters()]
        self.opt = torch.optim.SGD(self.master, lr=lr)

    def step(self):
        for m, p in zip(self.master, self.model.parameters()):
            m.grad = p.grad.detach().float()
        self.opt.step()
        self.model.zero_grad()


torch.manual_seed(0)
model = nn.Sequential(nn.Linear(8, 16), nn.Tanh(), nn.Linear(16, 1)).half()
mp = MixedPrecision(model, 0.1)
for _ in range(8):
    x = torch.randn(32, 8).half()
    loss = (model(x).float() - x[:, :1].float()).square().mean()
    loss.backward()
    mp.step()
print("ok")
