# The last projection, without a bias, is beside what the optimizer was made of.
import torch
from torch import nn


class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(5, 7), nn.Tanh(), nn.LayerNorm(7))
        self.out = nn.Linear(7, 2, bias=False)

    def forward(self, x):
        return self.out(self.body(x)) * 0.5


def main():
    torch.manual_seed(0)
    model = Model()
    optimizer = torch.optim.Adam(model.body.parameters(), lr=1e-2)
    for _ in range(6):
        x = torch.randn(9, 5)
        loss = (model(x) - x[:, :2]).square().mean()
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()


main()
