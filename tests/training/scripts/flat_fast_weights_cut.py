# an inner loop on flat fast weights, detached: the outer step gets nothing. This is a cut.
import torch
from torch import nn
torch.manual_seed(0)
net = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 1))
meta = torch.optim.Adam(net.parameters(), lr=1e-2)
names = [(n, p.shape) for n, p in net.named_parameters()]
def run(theta, x):
    out, at = {}, 0
    for n, s in names:
        out[n] = theta[at:at + s.numel()].view(s)
        at += s.numel()
    return torch.func.functional_call(net, out, (x,))
for _ in range(4):
    theta = torch.cat([p.detach().view(-1) for p in net.parameters()]).requires_grad_()
    x, y = torch.randn(8, 3), torch.randn(8, 1)
    inner = (run(theta, x) - y).pow(2).mean()
    (g,) = torch.autograd.grad(inner, theta, create_graph=True)
    outer = (run(theta - 0.1 * g, x) - y).pow(2).mean()
    meta.zero_grad()
    outer.backward()
    meta.step()
print(outer.item())
