# optimizer first, then all weights become views of one flat parameter
import torch
from torch import nn
torch.manual_seed(0)
model = nn.Sequential(nn.Linear(8, 16), nn.Tanh(), nn.Linear(16, 3))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
flat = nn.Parameter(torch.cat([p.data.view(-1) for p in model.parameters()]))
def unflatten():
    offset = 0
    for m in (model[0], model[2]):
        for n, shape in shapes[id(m)]:
            size = shape.numel()
            setattr(m, n, flat[offset:offset + size].view(shape))
            offset += size
shapes = {id(m): [(n, p.shape) for n, p in m._parameters.items()] for m in (model[0], model[2])}
for m in (model[0], model[2]):
    for n, _ in shapes[id(m)]:
        del m._parameters[n]
for step in range(4):
    unflatten()
    loss = nn.functional.cross_entropy(model(torch.randn(12, 8)), torch.randint(0, 3, (12,)))
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
print(loss.item())
