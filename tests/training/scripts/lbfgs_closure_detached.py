import torch
from torch import nn
import torch.nn.functional as F

torch.manual_seed(0)

model = nn.Linear(3, 1)
lbfgs = torch.optim.LBFGS(model.parameters(), max_iter=4)
x = torch.randn(20, 3)
y = x.sum(1, keepdim=True)


def closure():
    lbfgs.zero_grad()
    loss = F.mse_loss(model(x), y)
    loss.backward()
    return loss.detach()


for _ in range(3):
    lbfgs.step(closure)
