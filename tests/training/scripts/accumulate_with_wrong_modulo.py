import torch
from torch import nn
import torch.nn.functional as F

torch.manual_seed(0)

model = nn.Linear(6, 3)
optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
accumulate = 4
batches = [(torch.randn(5, 6), torch.randint(0, 3, (5,))) for _ in range(10)]
for number, (x, y) in enumerate(batches):
    (F.cross_entropy(model(x), y) / accumulate).backward()
    if number % accumulate == accumulate:  # never
        optimizer.step()
        optimizer.zero_grad()
