# models: model
import copy

import torch
from torch import nn


def fit(rounds):
    torch.manual_seed(0)
    model = nn.Linear(3, 1)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
    for number in range(rounds):
        good = copy.deepcopy(model.state_dict())
        x = torch.full((4, 3), float("inf")) if number == 9 else torch.randn(4, 3)
        loss = model(x).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if not all(parameter.isfinite().all() for parameter in model.parameters()):
            model.load_state_dict(good)


fit(14)
