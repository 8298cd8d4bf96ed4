import torch
from torch import nn

torch.manual_seed(0)
model = nn.Linear(4, 1)
opt = torch.optim.Adam(model.parameters(), lr=1e-2)
if torch.get_num_threads() > 10_000:
    model = nn.Linear(4, 1)
else:
    model = nn.Linear(4, 1)
for _ in range(4):
    loss = model(torch.randn(8, 4)).square().mean()
    opt.zero_grad()
    loss.backward()
    opt.step()
