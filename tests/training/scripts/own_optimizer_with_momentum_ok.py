import torch
from torch import nn
class Lion(torch.optim.Optimizer):
    def __init__(self, params, lr=1e-3):
        super().__init__(params, dict(lr=lr))
    @torch.no_grad()
    def step(self, closure=None):
        for group in self.param_groups:
            for p in group["params"]:
                state = self.state[p]
                if not state:
                    state["m"] = torch.zeros_like(p)
                update = state["m"].mul(0.9).add(p.grad, alpha=0.1).sign_()
                p.add_(update, alpha=-group["lr"])
                state["m"].mul_(0.99).add_(p.grad, alpha=0.01)
torch.manual_seed(1)
net = nn.Linear(4, 2)
opt = Lion(net.parameters())
for _ in range(4):
    opt.zero_grad()
    net(torch.randn(6, 4)).square().mean().backward()
    opt.step()
print(net.weight.sum().item())
