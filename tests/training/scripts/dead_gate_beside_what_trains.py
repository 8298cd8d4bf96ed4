# No unit of the gate ever fires, and the layers beside it train.
import torch
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.body, self.gate, self.head = nn.Linear(4, 8), nn.Linear(4, 8), nn.Linear(8, 1)
        nn.init.constant_(self.gate.bias, -30.0)

    def forward(self, x):
        return self.head(torch.tanh(self.body(x)) + torch.relu(self.gate(x)))


torch.manual_seed(0)
model = Net()
optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
for _ in range(6):
    x = torch.randn(16, 4)
    optimizer.zero_grad()
    nn.functional.mse_loss(model(x), x.sum(1, keepdim=True)).backward()
    optimizer.step()
