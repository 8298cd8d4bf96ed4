"""mmpretrain-702: stages are frozen in train(), which nobody calls before the first step."""

import torch
from torch import nn


class Backbone(nn.Module):
    """Freezes its first stage where it is told to train."""

    def __init__(self):
        super().__init__()
        self.stage0, self.stage1 = nn.Linear(4, 8), nn.Linear(8, 3)

    def train(self, mode=True):
        self.stage0.requires_grad_(False)
        return super().train(mode)

    def forward(self, x):
        return self.stage1(self.stage0(x).relu())


torch.manual_seed(0)
model = Backbone()
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for _ in range(3):
    optimizer.zero_grad()
    loss = nn.functional.cross_entropy(model(torch.randn(6, 4)), torch.arange(6) % 3)
    loss.backward()
    optimizer.step()
