"""BYOL whose target network was neither frozen nor detached: the target is trained by the loss as well, and the optimiser does not
hold it.   Source: cf. PatrickHua/SimSiam#22 (where the stop-gradient belongs)"""
import copy
import torch
from torch import nn
import torch.nn.functional as F


class BYOL(nn.Module):
    def __init__(self):
        super().__init__()
        self.online = nn.Linear(5, 4)
        self.predictor = nn.Linear(4, 4)
        self.target = copy.deepcopy(self.online)


def step():
    torch.manual_seed(0)
    model = BYOL()
    model.opt = torch.optim.SGD([*model.online.parameters(), *model.predictor.parameters()], lr=0.1)
    p = model.predictor(model.online(torch.randn(6, 5)))
    z = model.target(torch.randn(6, 5))
    return 2 - 2 * F.cosine_similarity(p, z, dim=-1).mean(), model


EXPECT = {f"{m}.{k}": "reached" for m in ("online", "predictor", "target") for k in ("weight", "bias")}
CUTS = []
NOT_OPTIMIZED = ["target.weight", "target.bias"]
