import torch
from torch import nn
import torch.nn.functional as F

torch.manual_seed(0)

model = nn.Sequential(nn.Linear(4, 6), nn.ReLU(), nn.Linear(6, 2))

from torch.optim.swa_utils import AveragedModel, SWALR

opt = torch.optim.SGD(model.parameters(), lr=0.1)
swa = AveragedModel(model)
sched = SWALR(opt, swa_lr=0.05)
for _ in range(4):
    loss = F.cross_entropy(model(torch.randn(8, 4)), torch.randint(0, 2, (8,)))
    opt.zero_grad()
    loss.backward()
    opt.step()
    swa.update_parameters(model)
    sched.step()
