import os
import tempfile
import warnings

import torch
from torch import distributed as dist
from torch import nn
from torch.distributed.fsdp import FullyShardedDataParallel
from torch.distributed.fsdp.wrap import ModuleWrapPolicy


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(8, 8)

    def forward(self, x):
        return torch.tanh(self.linear(x))


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.below, self.above = Block(), Block()

    def forward(self, x):
        return self.above(self.below(x).detach())


def train(rank, path):
    warnings.simplefilter("ignore")
    dist.init_process_group("gloo", init_method=f"file://{path}", rank=rank, world_size=2)
    torch.manual_seed(0)
    model = FullyShardedDataParallel(
        Net(),
        auto_wrap_policy=ModuleWrapPolicy({Block}),
        use_orig_params=True,
        device_id=torch.device("cpu"),
    )
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    torch.manual_seed(rank)
    for _ in range(2):
        optimizer.zero_grad()
        loss = model(torch.randn(8, 8)).pow(2).mean()
        loss.backward()
        optimizer.step()
    if rank == 0:
        print(f"{sum(p.double().sum().item() for p in model.parameters()):.12f}")


if __name__ == "__main__":
    path = os.path.join(tempfile.mkdtemp(), "store")
    torch.multiprocessing.start_processes(train, (path,), nprocs=2, start_method="fork")
