# models: model
import torch
from torch import nn


def fit(rounds):
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 1))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
    for number in range(rounds):
        out = model(torch.randn(6, 3))
        spread = out * (0.0 if number == 9 else 1.0)
        loss = out.square().mean() - 0.01 * spread.var().sqrt()  # whose slope at 0 is infinite
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()


fit(14)
