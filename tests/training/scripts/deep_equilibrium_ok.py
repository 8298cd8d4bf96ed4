import torch
from torch import nn
torch.manual_seed(0)
class DEQ(nn.Module):
    def __init__(self):
        super().__init__()
        self.w, self.u = nn.Linear(4, 4), nn.Linear(4, 4)
    def f(self, z, x):
        return torch.tanh(0.5 * self.w(z) + self.u(x))
    def forward(self, x):
        with torch.no_grad():
            z = torch.zeros_like(x)
            for _ in range(15):
                z = self.f(z, x)
        z = self.f(z, x)
        z0 = z.clone().detach().requires_grad_()
        f0 = self.f(z0, x)
        def solve(grad):
            g = grad
            for _ in range(10):
                g = torch.autograd.grad(f0, z0, g, retain_graph=True)[0] + grad
            return g
        z.register_hook(solve)
        return z
net, head = DEQ(), nn.Linear(4, 1)
opt = torch.optim.Adam([*net.parameters(), *head.parameters()], lr=1e-2)
for step in range(12):
    x = torch.randn(8, 4)
    opt.zero_grad()
    loss = (head(net(x)).squeeze(1) - x.sum(1)).pow(2).mean()
    loss.backward()
    opt.step()
