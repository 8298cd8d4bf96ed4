"""all_gather inside a custom Function whose backward reduces the gradients: the collective severs nothing.
Source: no thread (SimCLR GatherLayer idiom)"""
import torch
from torch import nn
import torch.distributed as dist
import torch.nn.functional as F


class Gather(torch.autograd.Function):
    @staticmethod
    def forward(ctx, t):
        slots = [torch.zeros_like(t) for _ in range(dist.get_world_size())]
        dist.all_gather(slots, t)
        return torch.cat(slots)

    @staticmethod
    def backward(ctx, g):
        return g.chunk(1)[0].clone()


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.enc = nn.Linear(5, 4)
        self.proj = nn.Linear(4, 3)

    def forward(self, x):
        return F.normalize(self.proj(torch.relu(self.enc(x))), dim=-1)


def step():
    torch.manual_seed(0)
    model = Net()
    dist.init_process_group("gloo", store=dist.HashStore(), rank=0, world_size=1)
    try:
        a, b = (Gather.apply(model(torch.randn(4, 5))) for _ in range(2))
    finally:
        dist.destroy_process_group()
    return F.cross_entropy(a @ b.t() / 0.2, torch.arange(4)), model


EXPECT = {f"{m}.{k}": "reached" for m in ("enc", "proj") for k in ("weight", "bias")}
CUTS = []
BUG = False
