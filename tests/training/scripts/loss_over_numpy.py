import torch
from torch import nn
import torch.nn.functional as F

torch.manual_seed(0)

import numpy as np

model = nn.Linear(4, 3)
opt = torch.optim.SGD(model.parameters(), lr=0.1)
for _ in range(4):
    x, y = torch.randn(8, 4), torch.randint(0, 3, (8,))
    out = model(x)
    smooth = torch.from_numpy(np.abs(np.diff(out.detach().numpy(), axis=1))).mean()
    loss = F.cross_entropy(out, y) + 0.1 * smooth
    opt.zero_grad()
    loss.backward()
    opt.step()
