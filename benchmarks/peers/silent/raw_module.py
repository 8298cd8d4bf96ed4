"""x-jxmnop-ddp-out-of-sync: the raw module is called, and not its DistributedDataParallel."""

import torch
import torch.distributed as dist
from torch import nn

dist.init_process_group("gloo")
torch.manual_seed(0)
model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 3))
parallel = nn.parallel.DistributedDataParallel(model)
optimizer = torch.optim.SGD(parallel.parameters(), lr=0.1)
torch.manual_seed(dist.get_rank())
for _ in range(3):
    optimizer.zero_grad()
    loss = nn.functional.cross_entropy(model(torch.randn(6, 4)), torch.arange(6) % 3)
    loss.backward()
    optimizer.step()
print(dist.get_rank(), float(model[0].weight.sum()), flush=True)
dist.destroy_process_group()
