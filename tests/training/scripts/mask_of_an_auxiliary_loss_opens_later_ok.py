# The first batches have no label for the tags.
import torch
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.body, self.tags = nn.Linear(4, 3), nn.Linear(4, 2)

    def forward(self, x):
        return self.body(x), self.tags(x)


torch.manual_seed(0)
model = Net()
optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
for number in range(8):
    x, labelled = torch.randn(16, 4), torch.full((16,), float(number > 4))
    out, tags = model(x)
    each = nn.functional.cross_entropy(tags, torch.zeros(16, dtype=torch.long), reduction="none")
    loss = out.square().mean() + (each * labelled).mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
