import torch
from torch import nn
torch.manual_seed(0)
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Linear(4, 8)
        self.head = nn.Linear(8, 10)
    def forward(self, x):
        return self.head(torch.relu(self.body(x)))
model = Net()
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
model.head = nn.Sequential(nn.Linear(8, 8), nn.Tanh(), nn.Linear(8, 3))
optimizer.add_param_group({"params": model.head.parameters(), "lr": 0.01})
x, y = torch.randn(16, 4), torch.randint(3, (16,))
for step in range(5):
    optimizer.zero_grad()
    loss = nn.functional.cross_entropy(model(x), y)
    loss.backward()
    optimizer.step()
    print(step, loss.item())
