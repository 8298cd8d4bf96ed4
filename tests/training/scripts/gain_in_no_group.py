# Two groups by name: the gain of the normalisation fits into neither.
import torch
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem, self.norm = nn.Linear(4, 8), nn.LayerNorm(8)
        self.body, self.head = nn.Linear(8, 8), nn.Linear(8, 3)

    def forward(self, x):
        return self.head(self.body(self.norm(self.stem(x)).relu()).relu())


torch.manual_seed(0)
net = Net()
named = list(net.named_parameters())
decayed = [p for name, p in named if name.endswith("weight") and "norm" not in name]
others = [p for name, p in named if name.endswith("bias")]
adam = torch.optim.AdamW([{"params": decayed}, {"params": others, "weight_decay": 0.0}], lr=1e-2)
for _ in range(5):
    adam.zero_grad()
    loss = nn.functional.cross_entropy(net(torch.randn(16, 4)), torch.arange(16) % 3)
    loss.backward()
    adam.step()
