"""Masters of the head; the body is left out on purpose."""
import torch
from torch import nn

torch.manual_seed(0)
body, head = nn.Linear(4, 8).bfloat16(), nn.Linear(8, 1).bfloat16()
masters = [p.detach().float().requires_grad_() for p in head.parameters()]
opt = torch.optim.AdamW(masters, lr=1e-2)
for _ in range(6):
    x = torch.randn(16, 4, dtype=torch.bfloat16)
    (head(body(x).tanh()).float() - 1).square().mean().backward()
    for m, p in zip(masters, head.parameters()):
        m.grad = p.grad.float(); p.grad = None
    opt.step()
    with torch.no_grad():
        torch._foreach_copy_(list(head.parameters()), masters)
