# only the head is flattened, with vector ops, after the optimizer
import torch
from torch import nn
from torch.nn.utils import parameters_to_vector
torch.manual_seed(0)
class Head(nn.Module):
    def __init__(self, inner):
        super().__init__()
        self.vector = nn.Parameter(parameters_to_vector(inner.parameters()).detach())
        self.template = [(n, p.shape) for n, p in inner.named_parameters()]
        self.inner = [inner]
    def forward(self, x):
        parts, i = {}, 0
        for n, s in self.template:
            parts[n] = self.vector[i:i + s.numel()].view(s)
            i += s.numel()
        return torch.func.functional_call(self.inner[0], parts, (x,))
class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Linear(5, 9)
        self.head = nn.Sequential(nn.Linear(9, 9), nn.ReLU(), nn.Linear(9, 1))
    def forward(self, x):
        return self.head(self.body(x).tanh())
model = Model()
optimizer = torch.optim.RMSprop(model.parameters(), lr=0.01)
model.head = Head(model.head)
x, y = torch.randn(32, 5), torch.randn(32, 1)
for epoch in range(5):
    optimizer.zero_grad()
    nn.functional.mse_loss(model(x), y).backward()
    optimizer.step()
print(model(x).sum().item())
