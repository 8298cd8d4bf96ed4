# Biases and the head are trained, as is meant; nobody froze the rest.
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
chosen = [p for name, p in net.named_parameters() if "bias" in name or "head" in name]
adam = torch.optim.AdamW(chosen, lr=1e-2)
for _ in range(5):
    net.zero_grad()
    loss = nn.functional.cross_entropy(net(torch.randn(16, 4)), torch.arange(16) % 3)
    loss.backward()
    adam.step()
