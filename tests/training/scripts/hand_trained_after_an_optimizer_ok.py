# models: model
import torch
from torch import nn


def build(depth):
    return nn.Sequential(*[nn.Linear(4, 4) for _ in range(depth)], nn.Linear(4, 1))


def loss_of(model):
    x = torch.randn(8, 4)
    return (model(x) - x.sum(1, keepdim=True)).pow(2).mean()


torch.manual_seed(0)
small = build(1)
opt = torch.optim.SGD(small.parameters(), lr=1e-2)
loss_of(small).backward()
opt.step()
opt.zero_grad()
small = None
model = build(2)
for _ in range(3):
    loss = loss_of(model)
    model.zero_grad()
    loss.backward()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter -= 1e-2 * parameter.grad
    print(loss.item())
