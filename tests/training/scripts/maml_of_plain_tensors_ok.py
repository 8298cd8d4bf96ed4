"""MAML where the outer gradient is taken by autograd.grad and applied by hand under no_grad."""
import torch

torch.manual_seed(0)
w1 = (torch.randn(16, 1) * 0.5).requires_grad_()
b1 = torch.zeros(16, requires_grad=True)
w2 = (torch.randn(1, 16) * 0.5).requires_grad_()
b2 = torch.zeros(1, requires_grad=True)
theta = [w1, b1, w2, b2]


def net(x, p):
    return torch.tanh(x @ p[0].T + p[1]) @ p[2].T + p[3]


for it in range(5):
    meta = [torch.zeros_like(p) for p in theta]
    for _ in range(2):
        phase = torch.rand(1) * 3
        x = torch.randn(10, 1)
        inner = (net(x, theta) - (x + phase).sin()).square().mean()
        g = torch.autograd.grad(inner, theta, create_graph=True)
        fast = [p - 0.05 * q for p, q in zip(theta, g)]
        x = torch.randn(10, 1)
        outer = (net(x, fast) - (x + phase).sin()).square().mean()
        for m, q in zip(meta, torch.autograd.grad(outer, theta)):
            m += q
    with torch.no_grad():
        for p, m in zip(theta, meta):
            p -= 0.01 * m
print("ok")
