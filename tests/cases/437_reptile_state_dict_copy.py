"""Inner loop on a second network that received the meta-weights with load_state_dict: a correct Reptile would move the meta-weights
by hand, here the query loss is backwarded and cannot reach them.   Source: cf. vmikulik/maml-pytorch#2"""
import torch
from torch import nn
import torch.nn.functional as F


class Reptile(nn.Module):
    def __init__(self):
        super().__init__()
        self.meta = nn.Linear(3, 2)


def step():
    torch.manual_seed(0)
    model = Reptile()
    fast = nn.Linear(3, 2)
    fast.load_state_dict(model.meta.state_dict())
    opt = torch.optim.SGD(fast.parameters(), lr=0.1)
    x, y = torch.randn(6, 3), torch.tensor([0, 1, 0, 1, 0, 1])
    opt.zero_grad()
    F.cross_entropy(fast(x), y).backward()
    opt.step()
    return F.cross_entropy(fast(x), y), model


EXPECT = {"meta.weight": "cut", "meta.bias": "cut"}
CUTS = [("copy_under_no_grad", "fast.load_state_dict(model.meta.state_dict())")]
ALT_KINDS = {CUTS[0][1]: ["detach", "data", "no_grad", "deepcopy"]}
UNREGISTERED = 2
