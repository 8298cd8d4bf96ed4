import torch
from torch import nn
import torch.nn.functional as F

torch.manual_seed(0)

model = nn.Sequential(nn.Linear(4, 6), nn.ReLU(), nn.Linear(6, 2))


class ScheduleFree(torch.optim.Optimizer):
    def __init__(self, params, lr=0.1):
        super().__init__(params, dict(lr=lr, k=0))

    @torch.no_grad()
    def swap(self):
        for g in self.param_groups:
            for p in g["params"]:
                z = self.state[p].setdefault("z", p.clone())
                p.lerp_(z, 0.1)

    @torch.no_grad()
    def step(self, closure=None):
        for g in self.param_groups:
            g["k"] += 1
            for p in g["params"]:
                z = self.state[p].setdefault("z", p.clone())
                z.sub_(g["lr"] * p.grad)
                p.lerp_(z, 1 / (g["k"] + 1))


opt = ScheduleFree(model.parameters())
for _ in range(4):
    loss = F.cross_entropy(model(torch.randn(8, 4)), torch.randint(0, 2, (8,)))
    opt.zero_grad()
    loss.backward()
    opt.step()
    opt.swap()
