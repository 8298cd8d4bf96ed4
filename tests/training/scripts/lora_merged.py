import torch
from torch import nn
import torch.nn.functional as F

torch.manual_seed(0)


class LoRA(nn.Module):
    def __init__(self, base, r=2):
        super().__init__()
        self.base = base.requires_grad_(False)
        self.A = nn.Parameter(torch.randn(r, base.in_features))
        self.B = nn.Parameter(torch.zeros(base.out_features, r))
        self.merged = False

    def merge(self):
        self.base.weight.data += self.B @ self.A
        self.merged = True

    def forward(self, x):
        return self.base(x) if self.merged else self.base(x) + x @ self.A.t() @ self.B.t()


layer = LoRA(nn.Linear(4, 3))
head = nn.Linear(3, 2)
layer.merge()  # left in for evaluation
opt = torch.optim.Adam([layer.A, layer.B, *head.parameters()], lr=1e-2)
for _ in range(3):
    loss = F.cross_entropy(head(layer(torch.randn(8, 4))), torch.randint(0, 2, (8,)))
    opt.zero_grad()
    loss.backward()
    opt.step()
