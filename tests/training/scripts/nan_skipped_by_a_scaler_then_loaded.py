"""A GradScaler leaves out what overflows, and a bad checkpoint comes later."""

import torch
from torch import nn

torch.manual_seed(0)
net = nn.Linear(4, 1)
optimizer = torch.optim.SGD(net.parameters(), lr=0.01)
scaler = torch.amp.GradScaler("cpu", init_scale=1e38)
for step in range(4):
    loss = net(torch.randn(8, 4)).square().mean() * 100
    optimizer.zero_grad()
    scaler.scale(loss).backward()
    scaler.step(optimizer)
    scaler.update(1.0)
    if step == 1:
        state = net.state_dict()
        net.load_state_dict({name: value * float("nan") for name, value in state.items()})
