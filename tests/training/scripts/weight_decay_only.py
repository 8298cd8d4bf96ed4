import torch
from torch import nn
import torch.nn.functional as F

torch.manual_seed(0)


class Two(nn.Module):
    def __init__(self):
        super().__init__()
        self.left = nn.Linear(4, 4)
        self.right = nn.Linear(4, 1)

    def forward(self, x):
        return self.right(torch.relu(self.left(x) - 100))


model = Two()
model.right.requires_grad_(False)
opt = torch.optim.AdamW(model.left.parameters(), lr=1e-2, weight_decay=0.1)
for _ in range(4):
    loss = model(torch.randn(8, 4)).square().mean()
    opt.zero_grad()
    loss.backward()
    opt.step()
