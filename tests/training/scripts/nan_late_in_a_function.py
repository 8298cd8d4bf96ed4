# models: model
import torch
from torch import nn


def fit(rounds):
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 1))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
    for number in range(rounds):
        x = torch.ones(6, 3) if number == 9 else torch.randn(6, 3)
        out = model(x)
        loss = out.square().mean() - 0.01 * out.var().sqrt()  # whose slope at 0 is infinite
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()


fit(14)
