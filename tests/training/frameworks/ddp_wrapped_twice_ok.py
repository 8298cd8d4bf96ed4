import os
import tempfile

import torch
from torch import distributed as dist
from torch import nn
from torch.nn.parallel import DistributedDataParallel


def train(rank, path):
    dist.init_process_group("gloo", init_method=f"file://{path}", rank=rank, world_size=2)
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 1))
    model = DistributedDataParallel(net)
    model = DistributedDataParallel(net)  # once more, and the first is gone
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    torch.manual_seed(rank)
    for _ in range(4):
        optimizer.zero_grad()
        loss = model(torch.randn(8, 4)).pow(2).mean()
        loss.backward()
        optimizer.step()
    if rank == 0:
        print(f"{sum(p.double().sum().item() for p in net.parameters()):.12f}")


if __name__ == "__main__":
    path = os.path.join(tempfile.mkdtemp(), "store")
    torch.multiprocessing.start_processes(train, (path,), nprocs=2, start_method="fork")
