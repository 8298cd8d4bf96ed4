import torch
from torch import nn

torch.manual_seed(0)
model = nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 1))
with torch.no_grad():
    model[0].weight.fill_(float("nan"))
    nn.init.xavier_uniform_(model[0].weight)
data = torch.randn(6, 4)
data[2, 1] = float("nan")
batch = torch.nan_to_num(data)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for _ in range(3):
    optimizer.zero_grad()
    model(batch).square().mean().backward()
    optimizer.step()
