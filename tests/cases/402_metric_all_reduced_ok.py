"""The loss is detached, cloned and all_reduced for the log; what is returned is the live loss.
Source: no thread (DDP training script idiom)"""
import torch
from torch import nn
import torch.distributed as dist
import torch.nn.functional as F


def average(value):
    reduced = value.detach().clone()
    dist.all_reduce(reduced)
    return reduced / dist.get_world_size()


def step():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(4, 5), nn.ReLU(), nn.Linear(5, 2))
    loss = F.cross_entropy(model(torch.randn(4, 4)), torch.tensor([0, 1, 0, 1]))
    dist.init_process_group("gloo", store=dist.HashStore(), rank=0, world_size=1)
    try:
        model.shown = average(loss).item()
    finally:
        dist.destroy_process_group()
    return loss, model


EXPECT = {f"{i}.{k}": "reached" for i in (0, 2) for k in ("weight", "bias")}
CUTS = []
BUG = False
