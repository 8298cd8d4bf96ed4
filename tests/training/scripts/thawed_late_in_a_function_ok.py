# models: model
import torch
from torch import nn


def train(model):
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    for number in range(12):
        model[0].requires_grad_(number >= 5)
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(model(torch.randn(8, 4)), torch.randint(0, 3, (8,)))
        loss.backward()
        optimizer.step()
        print(loss.item())


torch.manual_seed(0)
train(nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 3)))
