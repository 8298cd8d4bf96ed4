"""Contrastive all_gather with the usual repair: the local slot of the gathered list is replaced by the live tensor, so each rank
trains through its own part.   Source: no thread (SimCLR, OpenCLIP gather_with_grad=False idiom)"""
import torch
from torch import nn
import torch.distributed as dist
import torch.nn.functional as F


class Towers(nn.Module):
    def __init__(self):
        super().__init__()
        self.image = nn.Linear(5, 4)
        self.text = nn.Linear(6, 4)


def gather(t):
    slots = [torch.zeros_like(t) for _ in range(dist.get_world_size())]
    dist.all_gather(slots, t)
    slots[dist.get_rank()] = t
    return torch.cat(slots)


def step():
    torch.manual_seed(0)
    model = Towers()
    dist.init_process_group("gloo", store=dist.HashStore(), rank=0, world_size=1)
    try:
        a = gather(F.normalize(model.image(torch.randn(4, 5)), dim=-1))
        b = gather(F.normalize(model.text(torch.randn(4, 6)), dim=-1))
    finally:
        dist.destroy_process_group()
    return F.cross_entropy(a @ b.t() / 0.1, torch.arange(4)), model


EXPECT = {f"{m}.{k}": "reached" for m in ("image", "text") for k in ("weight", "bias")}
CUTS = []
BUG = False
