# Each reader gets a generator of its own; one part is left as it is.
import itertools

import torch
from torch import nn

torch.manual_seed(0)
embed, model = nn.Embedding(5, 4), nn.Linear(4, 3)
print(sum(p.numel() for p in model.parameters()), next(model.parameters()).dtype)
optimizer = torch.optim.SGD(
    itertools.chain.from_iterable(each.parameters() for each in (model,)), lr=0.1
)
for _ in range(5):
    loss = nn.functional.cross_entropy(model(embed(torch.arange(5))), torch.arange(5) % 3)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
