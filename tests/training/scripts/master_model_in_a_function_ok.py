import torch
from torch import nn


def build():
    return nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 1))


def master_optimizer(model):
    master = build()
    master.load_state_dict(model.state_dict())
    return torch.optim.SGD(master.parameters(), lr=0.1)


torch.manual_seed(0)
model = build().bfloat16()
optimizer = master_optimizer(model)
for _ in range(4):
    loss = model(torch.randn(8, 3).bfloat16()).float().square().mean()
    model.zero_grad()
    loss.backward()
    masters = optimizer.param_groups[0]["params"]
    for kept, used in zip(masters, model.parameters()):
        kept.grad = used.grad.float()
    optimizer.step()
    with torch.no_grad():
        for kept, used in zip(masters, model.parameters()):
            used.copy_(kept)
