import torch
from torch import nn

torch.manual_seed(0)
model = nn.ModuleDict({"enc": nn.Linear(4, 8), "head": nn.Linear(8, 1)})
opt = torch.optim.SGD(model.parameters(), lr=0.05)
x, y = torch.randn(32, 4), torch.randn(32, 1)
for epoch in range(24):
    h = torch.relu(model["enc"](x))
    if epoch % 4 == 3:
        h = h.detach()
    loss = nn.functional.mse_loss(model["head"](h), y)
    opt.zero_grad(set_to_none=False)
    loss.backward()
    opt.step()
