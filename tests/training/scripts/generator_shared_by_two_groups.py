# One generator over both nets: a count goes through the first of them.
import itertools

import torch
from torch import nn


def train():
    torch.manual_seed(0)
    encoder, decoder = nn.Linear(4, 3), nn.Linear(3, 4)
    both = itertools.chain(encoder.parameters(), decoder.parameters())
    print(sum(p.numel() for p, _ in zip(both, range(2))))
    optimizer = torch.optim.SGD([{"params": both, "weight_decay": 0.01}], lr=0.1)
    for _ in range(5):
        x = torch.randn(8, 4)
        loss = (decoder(encoder(x).tanh()) - x).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()


train()
