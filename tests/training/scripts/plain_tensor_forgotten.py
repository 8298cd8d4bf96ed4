"""One of the plain tensors is never stepped."""
import torch


def step(params, lr):
    with torch.no_grad():
        for p in params:
            p.data = p.data - lr * p.grad
            p.grad = None


torch.manual_seed(0)
w = torch.randn(3, 1, requires_grad=True)
bias = torch.zeros(1, requires_grad=True)
for _ in range(8):
    x = torch.randn(20, 3)
    (((x @ w + bias) - x.sum(1, keepdim=True)) ** 2).mean().backward()
    step([w], 0.1)
print(w.shape)
