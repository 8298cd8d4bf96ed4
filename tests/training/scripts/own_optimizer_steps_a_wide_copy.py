import torch
from torch import nn
class Prox(torch.optim.Optimizer):
    def __init__(self, params, lr):
        super().__init__(params, dict(lr=lr))
    @torch.no_grad()
    def step(self, closure=None):
        for group in self.param_groups:
            for p in group["params"]:
                if "start" not in self.state[p]:
                    self.state[p]["start"] = p.clone()
                    self.state[p]["buf"] = torch.zeros_like(p)
                self.state[p]["buf"].mul_(0.9).add_(p.grad)
                new = p.reshape(-1).double()
                new.add_(self.state[p]["buf"].reshape(-1), alpha=-group["lr"])
torch.manual_seed(1)
net = nn.Linear(4, 2)
opt = Prox(net.parameters(), 0.1)
for _ in range(4):
    opt.zero_grad()
    net(torch.randn(6, 4)).square().mean().backward()
    opt.step()
print(net.weight.sum().item())
