"""deepspeed-1801: replicated weights are clipped on the first rank alone, and drift apart."""

import torch
import torch.distributed as dist
from torch import nn

dist.init_process_group("gloo")
torch.manual_seed(0)
model = nn.Sequential(nn.Linear(4, 8), nn.LayerNorm(8), nn.Linear(8, 3))
parallel = nn.parallel.DistributedDataParallel(model)
optimizer = torch.optim.SGD(parallel.parameters(), lr=0.1)
torch.manual_seed(dist.get_rank())
for _ in range(3):
    optimizer.zero_grad()
    loss = nn.functional.cross_entropy(parallel(torch.randn(6, 4)), torch.arange(6) % 3)
    loss.backward()
    if dist.get_rank() == 0:
        nn.utils.clip_grad_norm_(model[1].parameters(), 0.01)
    optimizer.step()
print(dist.get_rank(), float(model[1].weight.sum()), flush=True)
dist.destroy_process_group()
