import torch
from torch import nn
import torch.nn.functional as F

torch.manual_seed(0)

model = nn.Linear(6, 3)
optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
accumulate = 8
batches = [(torch.randn(5, 6), torch.randint(0, 3, (5,))) for _ in range(20)]
for number, (x, y) in enumerate(batches, 1):
    (F.cross_entropy(model(x), y) / accumulate).backward()
    if number % accumulate == 0:
        optimizer.step()
        optimizer.zero_grad(set_to_none=False)
