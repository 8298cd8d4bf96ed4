import torch
from torch import nn
torch.manual_seed(0)
class Muon(torch.optim.Optimizer):
    def __init__(self, params, lr=0.02, beta=0.9):
        super().__init__(params, dict(lr=lr, beta=beta))
    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is None:
                    continue
                state = self.state[p]
                m = state.setdefault("m", torch.zeros_like(p))
                m.mul_(group["beta"]).add_(p.grad)
                u, _, v = torch.linalg.svd(m, full_matrices=False)
                p.sub_(group["lr"] * (u @ v))
net = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 2))
mats = [p for p in net.parameters() if p.ndim == 2]
vecs = [p for p in net.parameters() if p.ndim < 2]
muon, adam = Muon(mats), torch.optim.AdamW(vecs, lr=1e-2)
for step in range(12):
    x = torch.randn(8, 4)
    loss = (net(x) - x[:, :2]).pow(2).mean()
    muon.zero_grad(); adam.zero_grad()
    loss.backward()
    muon.step(); adam.step()
