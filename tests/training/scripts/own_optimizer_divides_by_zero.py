import torch
from torch import nn


class Normalised(torch.optim.Optimizer):
    """Moves each row by a step of length lr."""

    def __init__(self, params, lr):
        super().__init__(params, {"lr": lr})

    @torch.no_grad()
    def step(self, closure=None):
        for group in self.param_groups:
            for p in group["params"]:
                length = p.grad.norm(dim=-1, keepdim=True)
                p.add_(p.grad / length, alpha=-group["lr"])


torch.manual_seed(0)
table = nn.Embedding(6, 3)
optimizer = Normalised(table.parameters(), lr=0.1)
for _ in range(5):
    loss = table(torch.tensor([1, 4])).square().sum()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
