import torch
from torch import nn
import torch.nn.functional as F

torch.manual_seed(0)

w1 = nn.Parameter(torch.randn(3, 8) * 0.1)
w2 = nn.Parameter(torch.randn(8, 1) * 0.1)
for t in range(8):
    x = torch.randn(16, 3)
    loss = ((x @ w1).clamp(min=0) @ w2 - x.sum(1, keepdim=True)).pow(2).mean()
    loss.backward()
    with torch.no_grad():
        w1 -= 1e-2 * w1.grad
        (w2 - 1e-2 * w2.grad)
        w1.grad = w2.grad = None
